from . import (
    imaging_access_log,
    imaging_department,
    imaging_device,
    imaging_hospital,
    ir_filters,
    ir_rule,
    res_config_settings,
    res_groups,
    res_users,
)
