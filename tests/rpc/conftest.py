from tests.quiet_logs import logs_as_they_were

__all__ = ["logs_as_they_were"]
