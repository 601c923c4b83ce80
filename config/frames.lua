-- One frame (PS3.18, 10.4.1.1.6), sent from the stored file by sendfile. The node says once a
-- second that the ticket holds, and once a series where its frames lie; no pixel passes through
-- Python. Whatever is asked otherwise, or is not as expected, the node itself answers.

local TICKET_HOLDS = 1   -- seconds: a revoked ticket ends within 5
local PLACES_HOLD = 900  -- seconds: no ticket lives longer
local RAW_HOLDS = 20     -- seconds, for who wants a copy in HTJ2K: it may be made meanwhile
local tickets, places = ngx.shared.tickets, ngx.shared.places
local headers = ngx.req.get_headers()
local authorization = headers["authorization"]
-- What a viewer sends that takes a frame as it lies, or, over a slow line, rather in HTJ2K.
local HTJ2K = "1.2.840.10008.1.2.4.201"
local ACCEPTED = {
    ["application/octet-stream"] = "",
    ["application/octet-stream; transfer-syntax=" .. HTJ2K .. ", application/octet-stream;q=0.5"] = "htj2k",
}
local form = ACCEPTED[headers["accept"]]

local function by_node()
    return ngx.exec("@node")
end

if ngx.req.get_method() ~= "GET" or type(authorization) ~= "string" or ngx.var.args
    or form == nil
    or headers["range"] or headers["origin"] then
    return by_node()
end

local reader = ngx.sha1_bin(authorization)
if not tickets:get(reader) then
    if ngx.location.capture("/frames/ticket").status ~= 204 then
        return by_node()
    end
    tickets:set(reader, true, TICKET_HOLDS)
end

local series, sop, frame = ngx.var.uri:match(
    "^/dicom%-web(/studies/[0-9.]+/series/[0-9.]+)/instances/([0-9.]+)/frames/([0-9]+)$")
frame = tonumber(frame)

local function place()
    -- The series is part of the name: an instance is found where it is asked for, or not at all.
    local name = reader .. form .. series .. "/" .. sop
    return places:get(name) or places:get(name .. "/" .. frame)
end

local found = place()
if not found then
    local answer = ngx.location.capture("/frames" .. series, { args = form })
    if answer.status ~= 200 or answer.truncated then
        return by_node()
    end
    for instance, number, rest in answer.body:gmatch("(%S+) (%S+) ([^\n]+)\n") do
        local name = reader .. form .. series .. "/" .. instance
        local raw = form == "htj2k" and not rest:find(" " .. HTJ2K .. " ", 1, true)
        places:set(number == "*" and name or name .. "/" .. number, number .. " " .. rest,
            raw and RAW_HOLDS or PLACES_HOLD)
    end
    found = place()
end
if not found then
    return by_node()
end

local number, frames, offset, length, syntax, key = found:match(
    "^(%S+) (%d+) (%d+) (%d+) (%S+) (.+)$")
if frame < 1 or frame > tonumber(frames) then
    return by_node()
end
length = tonumber(length)
local first = tonumber(offset)
if number == "*" then
    first = first + (frame - 1) * length
end
ngx.var.frame_syntax = syntax
ngx.req.set_header("Range", string.format("bytes=%.0f-%.0f", first, first + length - 1))
return ngx.exec("/objects/" .. key)
