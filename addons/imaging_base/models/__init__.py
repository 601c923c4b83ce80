# What other models inherit is loaded before them.
from . import imaging_hospital_owned

# isort: split
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
