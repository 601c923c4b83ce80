{
    "name": "YunYing Demonstration",
    "summary": "Two hospitals with departments, devices and a login for each role",
    "version": "19.0.1.0.0",
    "category": "Healthcare",
    "author": "YunYing",
    "website": "https://github.com/yunying-imaging/yunying",
    "license": "LGPL-3",
    "depends": ["imaging_share"],
    "data": [
        "data/imaging_hospital_data.xml",
        "data/imaging_device_data.xml",
        "data/res_users_data.xml",
        "data/imaging_order_data.xml",
    ],
    "pre_init_hook": "pre_init_hook",
    "post_init_hook": "post_init_hook",
}
