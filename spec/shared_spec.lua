--- Sessions that are shared: joining, leaving, telling the others, asking first (contract decisions L, O).
local support = require "spec.support"
local mapi = require "mapi"

--- What a listener was told, in short and forgotten: "critical_error MAPI_E_END_OF_SESSION, extended logoff 2".
local function listener()
    local told = {}
    return function(event)
        told[#told + 1] = table.concat({ event.type, event.code or event.event, event.count }, " ")
    end, function()
        while assert(mapi.dispatch()) > 0 do end -- luacheck: ignore 542
        local text = table.concat(told, ", ")
        told = {}
        return text
    end
end

local END = "critical_error MAPI_E_END_OF_SESSION"
local ENDED = END .. ", extended logoff 1"

--- Dispatches until the listener has heard something.
local function wait_for(hear)
    local text = hear()
    local give_up = os.time() + 60
    while text == "" do
        assert(os.time() < give_up, "nothing was told for a minute")
        mapi.dispatch(1)
        text = hear()
    end
    return text
end

--- 02 §2.2: what becomes of the slot. `before`: whether there is a shared session.
local outcomes = {
    { new = false, others = false, before = false, shared = false, joined = false, slot = false },
    { new = false, others = true, before = false, shared = true, joined = false, slot = true },
    { new = false, others = false, before = true, shared = true, joined = true, slot = true },
    { new = false, others = true, before = true, shared = true, joined = true, slot = true },
    { new = true, others = false, before = false, shared = false, joined = false, slot = false },
    { new = true, others = false, before = true, shared = false, joined = false, slot = true },
    { new = true, others = true, before = false, shared = true, joined = false, slot = true },
    { new = true, others = true, before = true, shared = nil, joined = false, slot = true }, -- O2: S keeps the slot
}

describe("a shared session", function()
    local one, two

    setup(function()
        one = support.profile "one"
        two = support.profile "two"
        assert(mapi.profiles.set_default(one))
    end)

    teardown(function()
        assert(mapi.profiles.set_default(nil))
        support.forget_profiles()
        support.leave_home()
    end)

    after_each(function()
        mapi.set_dialog(nil)
        support.nothing_left()
    end)

    -- Where the session that is there before lives: in this state, or in another process.
    local places = {
        ["of this state"] = function()
            return mapi.logon { profile = one, shared = true }
        end,
        ["of another process"] = function()
            local child = support.child()
            child([[session = assert(mapi.logon { profile = %q, shared = true })]], one)
            return child
        end,
    }

    for place, make in pairs(places) do
        for _, outcome in ipairs(outcomes) do
            it(("%s: NEW_SESSION %s, ALLOW_OTHERS %s, slot %s"):format(place, outcome.new, outcome.others,
                outcome.before and "taken" or "free"), function()
                local before <close> = outcome.before and assert(make()) or nil
                local session <close> = assert(mapi.logon {
                    use_default = true, new_session = outcome.new, shared = outcome.others,
                })
                assert.equal(one, session:profile())
                assert.equal(outcome.joined, session:joined())
                if outcome.shared ~= nil then
                    assert.equal(outcome.shared, session:is_shared())
                end
                assert.equal("active", session:state())
                -- Whether there is something to join now.
                local third <close> = assert(mapi.logon { use_default = true, new_session = false })
                assert.equal(outcome.slot, third:joined())
                assert(third:close())
                assert(before == nil or getmetatable(before) ~= nil or before:close())
            end)
        end
    end

    it("O1: gives each joiner an object of its own", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true })
        local second <close> = assert(mapi.logon { new_session = false })
        assert.not_equal(first, second)
        assert.is_true(first:logoff { ui = false })
        assert.equal("closed session", mapi.type(first))
        assert.equal("active", second:state())
        assert.is_true(second:is_shared())
        assert(second:open_store()):close()
    end)

    it("O1: outlives its creator in another process", function()
        local creator <close> = support.child()
        creator([[session = assert(mapi.logon { profile = %q, shared = true })]], one)
        local session <close> = assert(mapi.logon { new_session = false })
        assert.is_true(session:joined())
        creator:kill()
        creator:wait()
        assert.equal("active", session:state())
        assert(session:open_store()):close()
        local third <close> = assert(mapi.logon { new_session = false })
        assert.is_true(third:joined())
    end)

    it("O2: keeps the slot when another new one would share; that one is promoted when it has gone", function()
        local first = assert(mapi.logon { profile = one, shared = true })
        local second <close> = assert(mapi.logon { profile = two, shared = true, new_session = true })
        assert.is_false(second:joined())
        assert.equal(two, second:profile())
        do
            local third <close> = assert(mapi.logon { new_session = false })
            assert.equal(one, third:profile())
        end
        first:close()
    end)

    it("O7: is joined without a name, and with the name of its profile", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true })
        assert(first)
        for _, options in ipairs {
            { new_session = false }, { new_session = false, use_default = false }, { shared = true },
            { profile = one, shared = true }, { profile = one, new_session = false },
        } do
            local joiner <close> = assert(mapi.logon(options))
            assert.is_true(joiner:joined())
            assert.equal(one, joiner:profile())
        end
    end)

    it("is left again by who named another profile, unless any will do", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true })
        for _, name in ipairs { two, "nobody" } do
            local message = support.fails("mapi.logon", "MAPI_E_LOGON_FAILED",
                mapi.logon { profile = name, shared = true })
            assert.truthy(message:find("'" .. name .. "'", 1, true), message)
            assert.truthy(message:find("'" .. one .. "'", 1, true), message)
        end
        assert.equal(1, mapi.stats().session)
        local joiner <close> = assert(mapi.logon { profile = two, shared = true, any_profile = true })
        assert.equal(one, joiner:profile())
        local private <close> = assert(mapi.logon { profile = two })
        assert.is_false(private:is_shared())
        assert.equal("active", first:state())
    end)

    it("is left again by a helper that names another profile, unless any will do", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true })
        assert(first)
        local helper <close> = assert(mapi.helper { profile = two, shared = true })
        local message = support.fails("helper:get_session", "MAPI_E_LOGON_FAILED", helper:get_session())
        assert.truthy(message:find("'" .. one .. "'", 1, true), message)
        assert.truthy(message:find("'" .. two .. "'", 1, true), message)
        assert.equal(1, mapi.stats().session)
        assert.equal("idle", helper:state())
        local same <close> = assert(mapi.helper { profile = one, shared = true })
        assert.is_true(assert(same:get_session()):joined())
        assert.is_true(same:hands_off()) -- H13: what the helper joined is its own to leave
        local any <close> = assert(mapi.helper { profile = two, shared = true, any_profile = true })
        assert.equal(one, assert(any:get_session()):profile())
        assert.equal("active", first:state())
    end)

    it("O8: has flags of its own for each", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true, no_mail = true })
        local second <close> = assert(mapi.logon { new_session = false })
        local function spooler_fails(session)
            for row in session:status() do
                if row.resource_type == 37 then -- MAPI_SPOOLER
                    return row.status_code & 4 ~= 0 -- STATUS_FAILURE
                end
            end
        end
        assert.is_true(spooler_fails(first))
        assert.is_false(spooler_fails(second))
    end)

    it("O9: asks a joiner for no credentials, and O10: takes no password", function()
        local first <close> = assert(mapi.logon { profile = one, shared = true })
        assert(first)
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon { new_session = false, password = "x" })
        local joiner <close> = assert(mapi.logon { new_session = false, password = "" })
        assert.is_true(joiner:joined())
    end)

    it("is private again in the end: nothing of it is left", function()
        local first = assert(mapi.logon { profile = one, shared = true })
        local second = assert(mapi.logon { new_session = false })
        first:close()
        second:close()
        local third <close> = assert(mapi.logon { profile = one, new_session = false })
        assert.is_false(third:joined())
        assert.is_false(third:is_shared())
    end)

    it("keeps a profile that is deleted or renamed until its last member has gone", function()
        local name = support.profile()
        local first = assert(mapi.logon { profile = name, shared = true })
        local second = assert(mapi.logon { new_session = false })
        assert(mapi.profiles.delete(name))
        first:close()
        assert.equal(name, second:profile())
        assert(second:open_store()):close()
        second:close()
        for profile in mapi.profiles.each() do
            assert.not_equal(name, profile.name)
        end
    end)

    describe("ends:", function()
        it("L5: a private one is logged off with SHARED as without, and nobody is told", function()
            local note, hear = listener()
            local shared <close> = assert(mapi.logon { profile = one, shared = true })
            assert(shared:advise(note))
            local private = assert(mapi.logon(one))
            assert.is_true(private:logoff { shared = true, ui = false })
            assert.equal("", hear())
            assert.equal("active", shared:state())
        end)

        it("L6: any member may end it for all; L9: it ends nobody by force; L10: nor tells itself", function()
            local note, hear = listener()
            local own, hear_own = listener()
            local first <close> = assert(mapi.logon { profile = one, shared = true })
            local second = assert(mapi.logon { new_session = false })
            assert(first:advise(note))
            assert(second:advise(own))
            assert.is_true(second:logoff { shared = true, ui = false })
            assert.equal(ENDED, hear())
            assert.equal("", hear_own())
            assert.equal("session", mapi.type(first))
            assert.equal("shutdown pending", first:state())
        end)

        it("L7: one that leaves is told of to all others, and is no reason to go", function()
            local first <close> = assert(mapi.logon { profile = one, shared = true })
            local note, hear = listener()
            assert(first:advise(note))
            local second = assert(mapi.logon { new_session = false })
            local third = assert(mapi.logon { new_session = false })
            assert(third:advise(note))
            assert.equal("", hear())
            second:logoff { ui = false }
            assert.equal("extended logoff 1, extended logoff 1", hear())
            third:close()
            assert.equal("extended logoff 1", hear())
            assert.equal("active", first:state())
        end)

        it("L8: a member that was told does what it likes, without a deadline; nobody joins it", function()
            local note, hear = listener()
            local first <close> = assert(mapi.logon { profile = one, shared = true })
            assert(first:advise(note))
            assert(assert(mapi.logon { new_session = false }):logoff { shared = true, ui = false })
            assert.equal(ENDED, hear())
            assert.equal("shutdown pending", first:state())
            assert.is_true(first:is_shared())
            local store <close> = assert(first:open_store())
            assert(store:inbox():new_message { subject = "still here" }):save()
            assert(first:advise(note)) -- N4
            local fresh <close> = assert(mapi.logon { profile = two, new_session = false, shared = true })
            assert.is_false(fresh:joined())
            assert.equal(two, fresh:profile())
            local joiner <close> = assert(mapi.logon { new_session = false })
            assert.equal(two, joiner:profile())
            assert.equal("", hear())
            assert.is_true(first:logoff { shared = true, ui = false }) -- its own is closed already
            assert.equal("active", fresh:state())
        end)

        it("L13, L14: objects of the one that leaves, and of nobody else", function()
            local first = assert(mapi.logon { profile = one, shared = true })
            local second <close> = assert(mapi.logon { new_session = false })
            local of_first, of_second = assert(first:open_store()), assert(second:open_store())
            assert.is_true(first:logoff { shared = true, ui = false })
            assert.equal("closed store", mapi.type(of_first))
            assert.equal("store", mapi.type(of_second))
            assert(of_second:inbox())
        end)

        it("in other processes, each told exactly once", function()
            local children, note, hear = {}, listener()
            local first <close> = assert(mapi.logon { profile = one, shared = true })
            assert(first:advise(note))
            for i = 1, 4 do
                children[i] = support.child()
                assert.is_true(children[i] [[
                    session = assert(mapi.logon { new_session = false })
                    assert(session:advise(note))
                    return session:joined()
                ]])
                children[i]:start [[ return mapi.dispatch(60) > 0 ]]
            end
            local last = support.child()
            last [[ session = assert(mapi.logon { new_session = false }) ]]
            assert.is_true(last [[ return session:logoff { shared = true, ui = false } ]])
            assert.equal(ENDED, wait_for(hear))
            for i = 1, 4 do
                assert.is_true(children[i]:finish())
                assert.equal("shutdown pending", children[i] [[ return session:state() ]])
                assert.equal(ENDED, children[i] [[ mapi.dispatch() return heard() ]])
                assert.equal("", children[i] [[ mapi.dispatch() return heard() ]])
            end
            for i = 1, 4 do
                assert.is_true(children[i] [[ return session:logoff() ]])
                assert.equal(0, children[i]:close())
            end
            assert.equal(0, last:close())
            local count = 0
            repeat
                count = count + tonumber(wait_for(hear):match "^extended logoff (%d+)$")
            until count == 4
        end)

        it("where a member was killed: the others hear that it has gone, and the next logon works", function()
            local note, hear = listener()
            local first = assert(mapi.logon { profile = one, shared = true })
            assert(first:advise(note))
            local child = support.child()
            child [[ session = assert(mapi.logon { new_session = false }) ]]
            child:kill()
            child:wait()
            child:close()
            local second <close> = assert(mapi.logon { new_session = false })
            assert.is_true(second:joined())
            assert.equal("extended logoff 1", hear())
            first:close()
            second:close()
            local third <close> = assert(mapi.logon { profile = two, shared = true })
            assert.is_false(third:joined())
        end)

        it("without waiting for anybody when the collector finds it (R9)", function()
            local child <close> = support.child()
            child([[ session = assert(mapi.logon { profile = %q, shared = true }) ]], one)
            mapi.logon { new_session = false }
            support.nothing_left()
            assert.equal("active", child [[ return session:state() ]])
        end)
    end)

    describe("asks before it ends:", function()
        local first, second, asked

        before_each(function()
            first = assert(mapi.logon { profile = one, shared = true })
            second = assert(mapi.logon { new_session = false })
            asked = nil
        end)

        after_each(function()
            first:close()
            second:close()
        end)

        local function answer(value)
            mapi.set_dialog(function(question)
                asked = question
                return value
            end)
        end

        it("when other clients are attached, with their number", function()
            local child <close> = support.child()
            child [[ session = assert(mapi.logon { new_session = false }) ]]
            answer(true)
            assert.is_true(second:logoff { shared = true, window = 7 })
            assert.same({ kind = "logoff", profile = one, unsent = 0, unsaved = 0, clients = 2, window = 7 }, asked)
        end)

        it("L11: and is as it was when that is declined", function()
            local note, hear = listener()
            assert(first:advise(note))
            assert(second:advise(note))
            local store = assert(second:open_store())
            answer(false)
            support.fails("session:logoff", "MAPI_E_USER_CANCEL", second:logoff { shared = true })
            assert.equal(1, asked.clients)
            assert.equal("active", first:state())
            assert.equal("active", second:state())
            assert.equal("store", mapi.type(store))
            assert.equal("", hear())
            local third <close> = assert(mapi.logon { new_session = false })
            assert.is_true(third:joined())
            third:close()
            assert.equal("extended logoff 1, extended logoff 1", hear()) -- still registered, both
        end)

        it("only with shared = true, only with ui, and only where there are others", function()
            answer(false)
            assert.is_true(second:logoff())
            assert.is_nil(asked)
            assert.is_true(first:logoff { shared = true }) -- nobody else is there
            assert.is_nil(asked)
            first = assert(mapi.logon { profile = one, shared = true })
            second = assert(mapi.logon { new_session = false })
            assert.is_true(second:logoff { shared = true, ui = false })
            assert.is_nil(asked)
        end)

        it("and answers MAPI_E_BUSY meanwhile; the handler may yield", function()
            mapi.set_dialog(coroutine.yield)
            local thread = coroutine.wrap(function() return second:logoff { shared = true } end)
            local question = thread()
            assert.equal(1, question.clients)
            support.fails("session:logoff", "MAPI_E_BUSY", second:logoff { shared = true })
            support.fails("session:close", "MAPI_E_BUSY", second:close())
            assert.is_true(first:logoff { shared = true, ui = false }) -- another client's is its own business
            assert.is_true(thread(true))
            assert.equal("closed session", mapi.type(second))
        end)

        it("and raises what the handler raises, with nothing undone", function()
            local problem = {}
            mapi.set_dialog(function() error(problem) end)
            local ok, raised = pcall(second.logoff, second, { shared = true })
            assert.is_false(ok)
            assert.equal(problem, raised)
            assert.equal("active", first:state())
            assert.equal("active", second:state())
        end)
    end)
end)
