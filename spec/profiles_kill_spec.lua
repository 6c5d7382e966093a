--- A process that creates and deletes profiles is killed with -9 again and again: no file of a store stays behind that
-- no profile names, and no profile without its store.
--
-- MAPI_STRESS says for how many seconds: two unless told.
local support = require "spec.support"
local uv = require "luv"
local mapi = require "mapi"

local seconds = tonumber(os.getenv "MAPI_STRESS") or 2

local worker = [[
local mapi = require "mapi"
local seed = ...
local last
for i = 1, math.maxinteger do
    local name = "p" .. seed .. "." .. i
    assert(mapi.profiles.create(name))
    if i % 3 == 0 then assert(mapi.profiles.delete(last)) end
    last = name
    if i == 1 then io.write(".") io.flush() end
end
]]

--- Names in a directory below the home, that of `..` and `.` left out; none where there is no such directory.
local function names(directory)
    local list = {}
    local request = uv.fs_scandir(os.getenv "MAPI_HOME" .. "/" .. directory)
    while request do
        local name = uv.fs_scandir_next(request)
        if not name then break end
        list[#list + 1] = name
    end
    return list
end

local function stores()
    local count, others = 0, {}
    for _, name in ipairs(names "stores") do
        if name:match "^%x+%.db$" then
            count = count + 1
        elseif not name:match "%.db%-[ws][ah][lm]$" then
            others[#others + 1] = name
        end
    end
    return count, others
end

local function profiles()
    local list = {}
    for profile in mapi.profiles.each() do list[#list + 1] = profile.name end
    return list
end

describe("kill -9 while profiles are made", function()
    local script = os.tmpname()

    setup(function()
        support.use_home()
        local file = assert(io.open(script, "w"))
        file:write(worker)
        file:close()
    end)

    teardown(function()
        os.remove(script)
        support.leave_home()
    end)

    it("leaves no store without a profile, and no profile without a store", function()
        local finish, round, left = uv.hrtime() + seconds * 1e9, 0, 0
        repeat
            round = round + 1
            local process, timer, ended
            process = assert(uv.spawn("lua5.4", { args = { script, tostring(round) }, stdio = { nil, nil, 2 } },
                function(_, signal)
                    ended = signal
                    timer:stop()
                    timer:close()
                    process:close()
                end))
            timer = assert(uv.new_timer())
            timer:start(math.random(10, 60), 0, function() process:kill "sigkill" end)
            uv.run()
            assert.equal(9, ended, "the worker ended by itself")
            left = left + #names "unfinished"

            -- Making one more tidies up after whoever died.
            assert(mapi.profiles.create "last")
            assert.same({}, names "unfinished")
            local count, others = stores()
            assert.equal(#profiles(), count)
            assert.same({}, others)
            assert(mapi.profiles.delete "last")
            for _, name in ipairs(profiles()) do
                local session <close> = assert(mapi.logon(name))
                local store <close> = assert(session:open_store())
                assert.truthy(store:inbox())
            end
        until uv.hrtime() > finish
        for _, name in ipairs(profiles()) do assert(mapi.profiles.delete(name)) end
        assert.equal(0, (stores()))
        assert.is_true(round > 3, "only " .. round .. " rounds")
        if seconds >= 10 then
            assert.is_true(left > 0, "nobody was ever killed in the middle of making a store")
        end
    end)
end)
