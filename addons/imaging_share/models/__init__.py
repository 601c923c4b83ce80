from . import (
    imaging_access_log,
    imaging_hospital,
    imaging_revocation,
    imaging_share,
    imaging_share_gate,
    imaging_share_opening,
    imaging_study,
    imaging_ticket,
    res_config_settings,
)
