from . import error_answers, models, request_log
from .hooks import post_init_hook, pre_init_hook
