"""Off-site copies of backups through fsspec: on S3, over SFTP, on another disk; encrypted with age if asked.

fsspec, s3fs, paramiko and pyrage are an extra. The files that import them are loaded when they are used.
"""

from adapters.offsite.fsspec_store import FsspecOffsiteStore as FsspecOffsiteStore
from adapters.offsite.nowhere import NowhereOffsiteStore as NowhereOffsiteStore
