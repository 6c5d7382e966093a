--- Drops session, store, folder and message to the collector in every order, collecting between each two.
assert(os.getenv "MAPI_HOME", "set MAPI_HOME to a directory of this script's own")
local mapi = require "mapi"

warn "@off"
assert(mapi.profiles.create "finalizer_orders")

local function open()
    local session = assert(mapi.logon "finalizer_orders")
    local store = assert(session:open_store())
    local inbox = assert(store:inbox())
    local message = assert(inbox:new_message { subject = "dropped" })
    return { session, store, inbox, message }
end

--- Calls body with every order of the numbers 1 to n.
local function orders(n, body, chosen, used)
    chosen, used = chosen or {}, used or {}
    if #chosen == n then return body(chosen) end
    for i = 1, n do
        if not used[i] then
            used[i], chosen[#chosen + 1] = true, i
            orders(n, body, chosen, used)
            used[i], chosen[#chosen] = nil, nil
        end
    end
end

local function nothing_left(where)
    for kind, count in pairs(mapi.stats()) do
        assert(count == 0, where .. ": " .. count .. " left of " .. kind)
    end
end

for _, mode in ipairs { "incremental", "generational" } do
    collectgarbage(mode)
    orders(4, function(order)
        local objects = open()
        for _, which in ipairs(order) do
            objects[which] = nil
            collectgarbage()
        end
        collectgarbage()
        nothing_left("dropped in the order " .. table.concat(order, " "))
    end)
    orders(4, function(order)
        local objects = open()
        for _, which in ipairs(order) do
            assert(objects[which]:close())
            assert(objects[which]:close())
        end
        nothing_left("closed in the order " .. table.concat(order, " "))
    end)
    -- One child kept, everything else dropped: it works, or says that the core ended it; it never crashes.
    for kept = 1, 4 do
        local objects = open()
        local survivor = objects[kept]
        objects = nil                                                       -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
        if kept > 1 then
            local value, _, name = survivor:get "display_name"
            assert(value ~= nil or name == "MAPI_E_INVALID_OBJECT" or name == "MAPI_E_NOT_FOUND", name)
        end
        survivor = nil                                                      -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
        nothing_left("kept number " .. kept)
    end
end

-- Everything at once, in whatever order the collector takes.
local many = {}
for i = 1, 20 do many[i] = open() end
assert(#many == 20)
many = nil                                                                  -- luacheck: ignore 311
collectgarbage()
collectgarbage()
nothing_left "all at once"
