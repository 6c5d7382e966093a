--- Two processes edit the accounts of one profile at random, one of them killed with -9 again and again; and ten
-- thousand accounts.
--
-- MAPI_STRESS says for how many seconds: five unless told.
local support = require "spec.support"
local uv = require "luv"
local mapi = require "mapi"

local seconds = tonumber(os.getenv "MAPI_STRESS") or 5

-- A worker says what it is about to do and what it has done, each in one write, so that what it said before it was
-- killed is there. Of every account it sets a pair of properties of its own to the same token, so that a lost change
-- and a torn account both show; the other worker has the other pair.
--
-- The profile keeps the last thousand changes for those who watch. So that the watcher is told of every single one,
-- however busy the machine is, a worker stops after fifty actions, none of which makes more than two changes, until the
-- watcher has caught up and made the file of its pace a byte longer. A worker that was killed begins anew, but only the
-- watcher starts it.
local worker = [[
local mapi = require "mapi"
local uv = require "luv"
local profile, log, name, seed, pace = ...
math.randomseed(tonumber(seed))
local out = assert(io.open(log, "a"))
out:setvbuf "no"
local function say(...) out:write(table.concat({ ... }, " ") .. "\n") end

local pairs_of = {
    steady = { "acct_name", "acct_user_display_name" },
    killed = { "acct_user_email_addr", "mapi_identity_entryid" },
}
local first, second = table.unpack(pairs_of[name])
local manager = assert(mapi.account_manager(mapi.helper { profile = profile }))
local serial = 0

-- What may happen when two edit the same accounts, and nothing else.
local expected = { E_ACCT_NOT_FOUND = true, E_ACCT_WRONG_SORT_ORDER = true, E_INVALIDARG = true }
local function check(value, message, code)
    if not value and not expected[code] then say("ERROR", message) end
    return value
end

local actions = {}

function actions.create()
    say "creating"
    local account = check(manager:create { type = "imap", acct_user_display_name = "0", name = "0", address = "0",
        mapi_identity_entryid = "0" })
    if account then say("created", account:id()) end
end

function actions.edit(id)
    local account = check(manager:find { id = id })
    if not account then return end
    serial = serial + 1
    local token = seed .. "." .. serial
    assert(account:set { [first] = token, [second] = token })
    say("editing", id, token)
    if check(account:save()) then say("edited", id, token) end
end

function actions.delete(id)
    say("deleting", id)
    if check(manager:delete(id)) then say("deleted", id) end
end

function actions.order()
    local ids = manager:order "store"
    for i = #ids, 2, -1 do
        local j = math.random(i)
        ids[i], ids[j] = ids[j], ids[i]
    end
    say "ordering"
    if check(manager:set_order("store", ids)) then say "ordered" end
end

local stop <const> = log .. ".stop"
local function stopped()
    local file = io.open(stop)
    if file then file:close() end
    return file ~= nil
end

local pace_file, seen, left = assert(io.open(pace)), -1, 0
local function wait_for_watcher()
    local deadline <const> = uv.hrtime() + 60e9
    repeat
        local now = pace_file:seek "end"
        if now ~= seen then
            seen, left = now, 50
            return
        end
        assert(uv.hrtime() < deadline, "the watcher does not go on")
        uv.sleep(1)
    until stopped()
end

repeat
    if left == 0 then wait_for_watcher() end
    left = left - 1
    local ids = manager:order "mail"
    local dice = math.random(10)
    if #ids < 5 or dice == 1 and #ids < 30 then
        actions.create()
    elseif dice == 2 then
        actions.delete(ids[math.random(#ids)])
    elseif dice == 3 then
        actions.order()
    else
        actions.edit(ids[math.random(#ids)])
    end
until stopped()
manager:close()
say "done"
]]

--- What a worker has said: all ids it created, and for each account the last token confirmed and those begun after it.
local function read_log(path)
    local log = { created = {}, deleting = {}, deleted = {}, tokens = {}, count = {}, unsaid = 0, errors = {} }
    for verb in ("creating created editing edited deleting deleted ordering ordered"):gmatch "%w+" do
        log.count[verb] = 0
    end
    local creating = false
    for line in io.lines(path) do
        local verb, id, token = line:match "^(%S+) ?(%S*) ?(%S*)"
        local number = tonumber(id)
        if log.count[verb] then log.count[verb] = log.count[verb] + 1 end
        if creating and verb ~= "created" then log.unsaid = log.unsaid + 1 end
        creating = verb == "creating"
        if verb == "created" then
            assert(not log.created[number], "id " .. id .. " was given out twice")
            log.created[number] = true
        elseif verb == "deleting" or verb == "deleted" then
            log[verb][number] = true
        elseif verb == "editing" then
            log.tokens[number] = log.tokens[number] or { ["0"] = true }
            log.tokens[number][token] = true
        elseif verb == "edited" then
            log.tokens[number] = { [token] = true }
        elseif verb == "ERROR" then
            log.errors[#log.errors + 1] = line
        end
    end
    log.unsaid = log.unsaid + (creating and 1 or 0)
    return log
end

local function contents(path)
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    return text
end

describe("accounts under stress", function()
    after_each(function()
        support.forget_profiles()
        support.nothing_left()
    end)

    it("survive two processes, one of them killed again and again, for " .. seconds .. " s", function()
        local profile = support.profile()
        local directory = support.new_home()
        local script = directory .. "/worker.lua"
        local file = assert(io.open(script, "w"))
        file:write(worker)
        file:close()
        local logs = { steady = directory .. "/steady", killed = directory .. "/killed" }
        local pace <close> = assert(io.open(directory .. "/pace", "w"))
        pace:setvbuf "no"

        local helper <close> = assert(mapi.helper { profile = profile })
        local manager <close> = assert(mapi.account_manager(helper))
        local told, count = {}, { created = 0, changed = 0, predeleted = 0, deleted = 0, order_changed = 0 }
        assert(manager:advise(function(event, id)
            count[event] = count[event] + 1
            if event ~= "order_changed" then
                told[id] = told[id] or {}
                table.insert(told[id], event)
            end
        end))

        local running, kills, failures, seed = true, 0, {}, 0
        local function start(name)
            local process
            seed = seed + 1
            process = assert(uv.spawn("lua5.4", {
                args = { script, profile, logs[name], name, tostring(seed), directory .. "/pace" },
                stdio = { nil, nil, 2 },
            }, function(code, signal)
                process:close()
                if name == "killed" and running then
                    kills = kills + 1
                    start(name)
                elseif code ~= 0 or signal ~= 0 and name == "steady" then
                    failures[#failures + 1] = name .. " ended with " .. code .. " and signal " .. signal
                end
            end))
            if name == "killed" then
                local timer = assert(uv.new_timer())
                timer:start(math.random(30, 400), 0, function()
                    timer:close()
                    if running and not process:is_closing() then process:kill "sigkill" end
                end)
            end
        end
        local ticker, ending = assert(uv.new_timer()), assert(uv.new_timer())
        local raised
        ticker:start(5, 5, function()
            local ok, delivered, message = pcall(mapi.dispatch)
            raised = raised or not ok and delivered or not delivered and message
            if ok and delivered then pace:write "." end
        end)
        ending:start(seconds * 1000, 0, function()
            running = false
            assert(io.open(logs.steady .. ".stop", "w")):close()
            assert(io.open(logs.killed .. ".stop", "w")):close()
            ending:close()
            ticker:close()
        end)
        start "steady"
        start "killed"
        uv.run()
        while assert(mapi.dispatch()) > 0 do end -- luacheck: ignore 542
        assert.falsy(raised)
        assert.same({}, failures)

        local steady, killed = read_log(logs.steady), read_log(logs.killed)
        assert.same({}, steady.errors)
        assert.same({}, killed.errors)
        assert.truthy(contents(logs.steady):match "done\n$")
        assert.is_true(kills > seconds / 2 and steady.count.edited > 10 and killed.count.edited > 10,
            ("%d kills, %d and %d edits"):format(kills, steady.count.edited, killed.count.edited))

        -- No id was given out twice: not by one of them, not by both.
        local created = {}
        for _, log in ipairs { steady, killed } do
            for id in pairs(log.created) do
                assert.falsy(created[id], "id " .. id .. " was given out twice")
                created[id] = true
            end
        end

        -- No saved change is lost, and no account is torn.
        local there = {}
        for account in manager:accounts() do
            local id = account:id()
            there[id] = true
            local name, email = account:get "acct_name", account:get "acct_user_email_addr"
            assert.equal(name, account:get "acct_user_display_name", "account " .. id .. " is torn")
            assert.equal(email, account:get "mapi_identity_entryid", "account " .. id .. " is torn")
            local function check(log, token)
                local possible = log.tokens[id] or { ["0"] = true }
                assert.truthy(possible[token], ("a change of account %d is lost: it has %s"):format(id, token))
            end
            check(steady, name)
            check(killed, email)
            assert.falsy(steady.deleted[id] or killed.deleted[id], "account " .. id .. " was deleted, and is there")
        end
        for id in pairs(created) do
            assert.truthy(there[id] or steady.deleting[id] or killed.deleting[id], "account " .. id .. " is gone")
        end

        -- Notifications are of what was committed: each account once created, at most once deleted, nothing afterwards.
        local unknown = 0
        for id, events in pairs(told) do
            assert.equal("created", events[1])
            for i = 2, #events do
                local allowed = events[i] == "changed" or events[i] == "predeleted" and i == #events - 1
                    or events[i] == "deleted" and i == #events
                assert.is_true(allowed, id .. ": " .. table.concat(events, " "))
            end
            assert.equal(not there[id], events[#events] == "deleted")
            unknown = unknown + (created[id] and 0 or 1)
        end
        assert.is_true(unknown <= steady.unsaid + killed.unsaid, unknown .. " accounts were told of that nobody made")
        for id in pairs(created) do assert.truthy(told[id], "nobody told of account " .. id) end

        -- As many as there were changes: what was begun and not confirmed may or may not have happened.
        local function compare(event, begun, done)
            local least, most = steady.count[done] + killed.count[done], steady.count[begun] + killed.count[begun]
            assert.is_true(least <= count[event] and count[event] <= most,
                ("told of %s %d times, which happened %d to %d times"):format(event, count[event], least, most))
        end
        compare("created", "creating", "created")
        compare("changed", "editing", "edited")
        compare("predeleted", "deleting", "deleted")
        compare("deleted", "deleting", "deleted")
        compare("order_changed", "ordering", "ordered")
        support.remove_home(directory)
    end)

    it("stay linear up to ten thousand, and a watcher that never dispatches costs nothing", function()
        local profile = support.profile()
        local helper <close> = assert(mapi.helper { profile = profile })
        local manager <close> = assert(mapi.account_manager(helper))
        local watcher <close> = assert(manager:advise(function() end)) -- luacheck: ignore watcher

        local function fill(from, to)
            for i = from, to do
                local account <close> = assert(manager:create { type = "imap", name = "account " .. i })
                assert(account:id() == i)
            end
        end

        --- The least time of three that `body` takes: the processor's, because on a busy machine what is long is
        -- interrupted and what is short is not.
        local function time(body)
            local best = math.huge
            for _ = 1, 3 do
                collectgarbage()
                local from = os.clock()
                body()
                best = math.min(best, os.clock() - from)
            end
            return best
        end

        local function measure(count)
            local times = {}
            times.enumerate = time(function()
                local seen = 0
                for account in manager:accounts() do
                    seen = seen + 1
                    account:close()
                end
                assert.equal(count, seen)
            end)
            times.find = time(function()
                for id = count, 1, -1 do
                    assert(manager:find { id = id }):close()
                end
            end)
            times.order = time(function()
                local ids = manager:order "store"
                assert.equal(count, #ids)
                for i = 1, count // 2 do ids[i], ids[count + 1 - i] = ids[count + 1 - i], ids[i] end
                assert(manager:set_order("store", ids))
                assert.same(ids, manager:order "store")
            end)
            return times
        end

        -- Short lists are kept in memory: two thousand accounts are the first that are read as ten thousand are.
        fill(1, 2000)
        local some = measure(2000)
        fill(2001, 10000)
        collectgarbage()
        local before = collectgarbage "count"
        local many = measure(10000)
        for what, seconds_for_many in pairs(many) do
            assert.is_true(seconds_for_many < 5 * some[what] * 4,
                ("%s: %.1f ms for 2,000, %.1f ms for 10,000"):format(what, some[what] * 1e3, seconds_for_many * 1e3))
        end
        collectgarbage()
        assert.is_true(collectgarbage "count" - before < 1000)
        assert.equal(1, mapi.dispatch()) -- all that was missed, in one: read the accounts again
    end)
end)
