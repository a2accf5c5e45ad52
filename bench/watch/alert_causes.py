"""All causes, in the order of the kinds of alerts (src/watch/alert/alert.cpp)."""

import alert_causes_process  # noqa: F401: they enter themselves
import alert_causes_store  # noqa: F401
import alert_causes_traffic  # noqa: F401
from alert_cause import CAUSES

KINDS = ('burn_rate', 'memory_growth', 'memory_level', 'loop_stall', 'queue_depth', 'queue_age', 'pool_exhausted', 'descriptors', 'limiter_overflow', 'disk_full',
         'quota_full', 'breaker_open', 'provider_key', 'webhook_failing', 'slow_queries', 'clock_jump', 'worker_kills', 'log_dropped', 'history_dropped')
CAUSES.sort(key=lambda cause: KINDS.index(cause.kind))
