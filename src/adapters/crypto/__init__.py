"""AES-256-GCM envelopes: the master key wraps data keys, a data key seals values (docs/formats.md)."""

from adapters.crypto.cipher import AesGcmCipher as AesGcmCipher
from adapters.crypto.data_keys import create_data_keys as create_data_keys
from adapters.crypto.data_keys import create_sealing_key as create_sealing_key
from adapters.crypto.data_keys import open_canaries as open_canaries
from adapters.crypto.data_keys import rewrap as rewrap
