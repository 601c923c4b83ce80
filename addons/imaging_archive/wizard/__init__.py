from . import imaging_node_enroll, imaging_node_key
