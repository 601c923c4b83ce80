from . import (
    imaging_access_log,
    imaging_department,
    imaging_device,
    imaging_hospital,
    res_config_settings,
    res_groups,
    res_users,
)
