"""What is counted and measured, in Prometheus's words. No label holds a path, a name of a secret or a session's key."""

from app.metrics.metered import Metered as Metered
from app.metrics.metered import metered as metered
from app.metrics.registry import CONTENT_TYPE as CONTENT_TYPE
from app.metrics.registry import Metrics as Metrics
from app.metrics.stock import Sources as Sources
from app.metrics.stock import sources_of as sources_of
