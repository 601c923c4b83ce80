"""Errors tell the client the reason; where in the server's code it arose stands in the log only.

A dispatcher takes the place of Odoo's own for its kind of route when its class is made.
"""

import json

from odoo.http import Json2Dispatcher, JsonRPCDispatcher


class BriefJsonRPCDispatcher(JsonRPCDispatcher):
    routing_type = "jsonrpc"

    def _response(self, result=None, error=None):
        if error and "data" in error:
            error = {**error, "data": {**error["data"], "debug": ""}}
        return super()._response(result, error)


class BriefJson2Dispatcher(Json2Dispatcher):
    routing_type = "json2"

    def handle_error(self, exc):
        response = super().handle_error(exc)
        if response.mimetype == "application/json":
            body = json.loads(response.get_data())
            response.set_data(json.dumps({**body, "debug": ""}))
        return response
