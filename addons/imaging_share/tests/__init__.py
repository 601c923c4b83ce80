from . import test_access_rules, test_policy, test_share, test_share_page
