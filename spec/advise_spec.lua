--- Functions that are told of events: session:advise, store:advise, mapi.dispatch and mapi.fd (decisions N, L20).
local support = require "spec.support"
local mapi = require "mapi"
local uv = require "luv"

describe("notifications", function()
    local name, session, told

    local function note(event)
        told[#told + 1] = event
    end

    --- Has `count` clients log off from the session's.
    local function leave(count)
        for _ = 1, count or 1 do
            assert(assert(mapi.logon { new_session = false }):close())
        end
    end

    local LEFT = { type = "extended", event = "logoff", count = 1 }

    before_each(function()
        told = {}
        name = support.profile()
        session = assert(mapi.logon { profile = name, shared = true })
    end)

    after_each(function()
        mapi.set_dialog(nil)
        session:close()
        support.forget_profiles()
        support.nothing_left()
        assert.equal(0, mapi.dispatch())
    end)

    describe("of a session", function()
        it("N1: come when they are dispatched, and not before", function()
            local connection = assert(session:advise(note))
            assert.equal("connection", mapi.type(connection))
            leave(2)
            assert.same({}, told)
            assert.equal(2, mapi.dispatch())
            assert.same({ LEFT, LEFT }, told)
            assert.equal(0, mapi.dispatch())
        end)

        it("are chosen by name; N6: critical errors come whatever was chosen", function()
            assert(session:advise(note, { events = {} }))
            assert(session:advise(note, { events = { "critical_error" } }))
            leave(1)
            assert.equal(0, mapi.dispatch())
            assert(session:advise(note, { events = { "extended" } }))
            assert(assert(mapi.logon { new_session = false }):logoff { shared = true, ui = false })
            assert.equal(4, mapi.dispatch())
            local critical = 0
            for _, event in ipairs(told) do
                if event.type == "critical_error" then
                    assert.same({ type = "critical_error", code = "MAPI_E_END_OF_SESSION" }, event)
                    critical = critical + 1
                else
                    assert.same(LEFT, event)
                end
            end
            assert.equal(3, critical)
        end)

        it("take a function or what can be called, options, and nothing else", function()
            local advise = session.advise
            support.raises("function expected", advise, session)
            support.raises("function expected", advise, session, "fn")
            support.raises("function expected", advise, session, {})
            support.raises("table expected", advise, session, note, "extended")
            support.raises("unknown option 'event'", advise, session, note, { event = {} })
            support.raises("option 'events': table expected", advise, session, note, { events = "extended" })
            support.raises("unknown event 'new mail'", advise, session, note, { events = { "new mail" } })
            support.raises("array of names", advise, session, note, { events = { extended = true } })
            support.raises("array of names", advise, session, note, { events = { 5 } })
            support.raises("option 'entryid': string expected", advise, session, note, { entryid = 5 })
            support.raises("option 'entryid'", advise, session, note, { entryid = "" })
            support.fails("session:advise", "MAPI_E_INVALID_ENTRYID", advise(session, note, { entryid = "x" }))
            assert.equal("MAPI_E_INVALID_ENTRYID", session:last_error().name)
            local seen
            assert(session:advise(setmetatable({}, { __call = function(_, event) seen = event end })))
            leave(1)
            assert.equal(1, mapi.dispatch())
            assert.same(LEFT, seen)
        end)

        it("N3: are dropped by unadvise, also twice, by close and by a scope", function()
            local connection = assert(session:advise(note))
            leave(1)
            assert.is_true(connection:unadvise())
            assert.equal("closed connection", mapi.type(connection))
            assert.is_true(connection:unadvise())
            assert.is_true(connection:close())
            do
                local scoped <close> = assert(session:advise(note)) -- luacheck: ignore scoped
                leave(1)
            end
            leave(1)
            assert.equal(0, mapi.dispatch())
            assert.same({}, told)
        end)

        it("belong to the session: a connection that is collected changes nothing", function()
            session:advise(note)
            collectgarbage()
            collectgarbage()
            leave(1)
            assert.equal(1, mapi.dispatch())
        end)

        it("N5: are dropped when the session is logged off, closed, dropped; connections are closed with it", function()
            for _, ending in ipairs {
                function(member) return member:logoff() end,
                function(member) return member:close() end,
                function(member) local scoped <close> = member return scoped ~= nil end,
            } do
                local member = assert(mapi.logon { new_session = false })
                local connection = assert(member:advise(note))
                leave(1)
                assert.is_true(ending(member))
                assert.equal("closed connection", mapi.type(connection))
                assert.is_true(connection:unadvise())
                assert.equal(0, mapi.dispatch())
            end
            do
                local member = assert(mapi.logon { new_session = false })
                assert(member:advise(function(event) note(event) return member end)) -- a cycle
            end
            leave(1)
            collectgarbage()
            collectgarbage()
            assert.equal(1, mapi.stats().session)
            assert.equal(0, mapi.dispatch())
            assert.same({}, told)
        end)

        it("let go of their functions when they end", function()
            local weak = setmetatable({}, { __mode = "v" })
            local function register(member)
                weak[#weak + 1] = function() return weak end
                return assert(member:advise(weak[#weak]))
            end
            local connection = register(session)
            collectgarbage()
            assert.equal("function", type(weak[1]))
            connection:unadvise()
            collectgarbage()
            assert.is_nil(weak[1])
            local member = assert(mapi.logon { new_session = false })
            local kept = register(member)
            member:close()
            collectgarbage()
            assert.is_nil(next(weak))
            assert.equal("closed connection", mapi.type(kept))
        end)

        it("N2: may unadvise themselves and others while they are told", function()
            local first, second
            first = assert(session:advise(function(event)
                note(event)
                first:unadvise()
                second:unadvise()
            end))
            second = assert(session:advise(function(event)
                note(event)
                first:unadvise()
                second:unadvise()
            end))
            leave(2)
            assert.equal(1, mapi.dispatch())
            assert.same({ LEFT }, told)
        end)

        it("L20: may log off the session they are told about, which then tells nothing more", function()
            for _, ending in ipairs { "logoff", "close" } do
                told = {}
                local member = assert(mapi.logon { new_session = false })
                local store = assert(member:open_store())
                assert(member:advise(function(event)
                    note(event)
                    assert.is_true(member[ending](member))
                    assert.equal("closed store", mapi.type(store))
                end))
                leave(3)
                assert.equal(1, mapi.dispatch())
                assert.same({ LEFT }, told)
                assert.equal("closed session", mapi.type(member))
                assert.equal(0, mapi.dispatch())
            end
        end)

        it("L20: may log off for all, when they were told to go", function()
            local member = assert(mapi.logon { new_session = false })
            for _, each in ipairs { session, member } do
                assert(each:advise(function(event)
                    note(event)
                    if event.type == "critical_error" then
                        assert.is_true(each:logoff { shared = true, ui = false })
                    end
                end))
            end
            assert(assert(mapi.logon { new_session = false }):logoff { shared = true, ui = false })
            while mapi.dispatch() > 0 do end -- luacheck: ignore 542
            assert.equal("closed session", mapi.type(session))
            assert.equal("closed session", mapi.type(member))
            local critical = 0
            for _, event in ipairs(told) do
                critical = critical + (event.type == "critical_error" and 1 or 0)
            end
            assert.equal(2, critical)
        end)

        it("may open things, log on and register while they are told", function()
            local other
            assert(session:advise(function(event)
                note(event)
                local store <close> = assert(session:open_store())
                assert(store:inbox():new_message { subject = "told" }):save()
                other = assert(mapi.logon { new_session = false })
                assert(other:advise(note))
            end))
            leave(1)
            assert.equal(1, mapi.dispatch())
            leave(1)
            assert.equal(2, mapi.dispatch())
            assert.equal(3, #told)
            other:close()
            session:close()
        end)

        it("raise what a function raises from dispatch, unchanged; the rest stays queued", function()
            local problem = {}
            assert(session:advise(function(event)
                note(event)
                if #told == 2 then
                    error(problem)
                end
            end))
            leave(4)
            local ok, raised = pcall(mapi.dispatch)
            assert.is_false(ok)
            assert.equal(problem, raised)
            assert.equal(2, #told)
            assert.equal(2, mapi.dispatch())
            assert.equal(4, #told)
        end)

        it("are told by the coroutine that dispatches, which they cannot suspend", function()
            local thread
            local connection = assert(session:advise(function() thread = coroutine.running() end))
            leave(1)
            local dispatching = coroutine.create(mapi.dispatch)
            assert.same({ true, 1 }, { coroutine.resume(dispatching) })
            assert.equal(dispatching, thread)
            connection:close()
            assert(session:advise(coroutine.yield))
            leave(1)
            support.raises("yield", coroutine.wrap(mapi.dispatch))
        end)

        it("come with the next dispatch when a function brings them about; a nested one delivers none", function()
            assert(session:advise(function(event)
                note(event)
                if #told < 3 then
                    leave(1)
                    assert.equal(0, mapi.dispatch())
                    assert.equal(0, mapi.dispatch(60))
                end
            end))
            leave(1)
            assert.equal(1, mapi.dispatch())
            assert.equal(1, mapi.dispatch())
            assert.equal(1, mapi.dispatch())
            assert.equal(0, mapi.dispatch())
        end)

        it("are bounded in memory where nobody dispatches: then the logoffs are added up", function()
            assert(session:advise(note))
            collectgarbage()
            local many = 9000 -- of which 8192 are kept one by one
            leave(many)
            assert.truthy(mapi.dispatch() < 100)
            local count = 0
            for _, event in ipairs(told) do
                assert.equal("logoff", event.event)
                count = count + event.count
            end
            assert.equal(many, count)
            leave(1)
            assert.equal(1, mapi.dispatch())
            assert.same(LEFT, told[#told])
        end)

        it("survive the end of their state: connections open, queues full, functions that use the module", function()
            local text, ok = support.run([[
                local mapi = require "mapi"
                assert(mapi.profiles.create "p")
                local session = assert(mapi.logon { profile = "p", shared = true })
                local store = assert(session:open_store())
                connections = {}
                for i = 1, 5 do
                    connections[i] = assert(session:advise(function() mapi.dispatch() session:close() end))
                end
                assert(mapi.logon { new_session = false }):close()
                setmetatable({}, { __gc = function()
                    mapi.dispatch()
                    print(pcall(session.advise, session, print))
                    mapi.fd()
                end })
                if (...) == "close" then session:close() end
            ]])
            assert.is_true(ok, text)
        end)
    end)

    describe("of a store", function()
        local store, inbox

        before_each(function()
            store = assert(session:open_store())
            inbox = assert(store:inbox())
        end)

        --- The types of what was told, and of what kind of object: "object_created message".
        local function kinds()
            local list = {}
            for i, event in ipairs(told) do
                list[i] = event.type .. " " .. (event.object_type or event.event or event.message_class)
            end
            told = {}
            return list
        end

        local function dispatch()
            while assert(mapi.dispatch()) > 0 do end -- luacheck: ignore 542
        end

        local function save(subject)
            local message = assert(inbox:new_message { subject = subject })
            assert(message:save())
            return message
        end

        -- What is done, and what is then told of the message or folder itself.
        local changes = {
            ["object_created message"] = function()
                local message = save "new"
                return message:entryid(), { parent_entryid = inbox:entryid() }
            end,
            ["object_modified message"] = function()
                local message = save "old"
                mapi.dispatch()
                told = {}
                assert(message:set("subject", "changed"))
                assert(message:save())
                return message:entryid(), { parent_entryid = inbox:entryid() }
            end,
            ["object_deleted message"] = function()
                local id = save("gone"):entryid()
                assert(inbox:delete_messages { id })
                return id, { parent_entryid = inbox:entryid() }
            end,
            ["object_moved message"] = function()
                local id = save("moved"):entryid()
                local other = assert(store:deleted_items())
                assert(inbox:move_messages({ id }, other))
                return nil, { parent_entryid = other:entryid(), old_entryid = id, old_parent_entryid = inbox:entryid() }
            end,
            ["object_copied message"] = function()
                local id = save("copied"):entryid()
                local other = assert(store:deleted_items())
                assert(inbox:copy_messages({ id }, other))
                return nil, { parent_entryid = other:entryid(), old_entryid = id, old_parent_entryid = inbox:entryid() }
            end,
            ["object_created folder"] = function()
                return assert(inbox:create "Sub"):entryid(), { parent_entryid = inbox:entryid() }
            end,
            ["new_mail IPM.Note"] = function()
                local message = assert(inbox:import "From: a@example.org\r\nSubject: hello\r\n\r\nhello\r\n")
                return message:entryid(), { parent_entryid = inbox:entryid() }
            end,
        }

        for what, change in pairs(changes) do
            it("tell of " .. what .. ", with the entry ids", function()
                assert(store:advise(note))
                local id, fields = change()
                assert.same({}, told)
                mapi.dispatch()
                local found
                for _, event in ipairs(told) do
                    local kind = event.object_type or event.message_class
                    if event.type .. " " .. kind == what then
                        found = event
                    end
                end
                assert.truthy(found, what .. " was not told")
                assert.truthy(not id or session:compare_entry_ids(id, found.entryid))
                for key, value in pairs(fields) do
                    assert.is_true(session:compare_entry_ids(value, found[key]), key)
                end
                assert(session:open_entry(found.parent_entryid)):close()
            end)
        end

        it("are chosen by name, and by the object's entry id", function()
            local message, other = save "one", save "other"
            assert(store:advise(note, { events = { "object_created" } }))
            save "two"
            dispatch()
            assert.same({ "object_created message" }, kinds())
            assert(store:advise(note, { entryid = message:entryid(), events = { "object_modified" } }))
            for _, each in ipairs { other, message } do
                assert(each:set("subject", "changed"))
                assert(each:save())
            end
            dispatch()
            assert.equal(1, #told)
            assert.is_true(session:compare_entry_ids(message:entryid(), told[1].entryid))
            local result, _, failed = store:advise(note, { entryid = "no entry id" })
            assert.is_nil(result)
            assert.truthy(failed == "MAPI_E_INVALID_ENTRYID" or failed == "MAPI_E_UNKNOWN_ENTRYID", failed)
        end)

        it("are routed from session:advise with an entry id", function()
            assert(session:advise(note, { entryid = store:entryid(), events = { "object_created" } }))
            save "one"
            dispatch()
            assert.same({ "object_created message" }, kinds())
        end)

        it("come from another process on the same store", function()
            assert(store:advise(note, { events = { "object_created", "new_mail" } }))
            local child <close> = support.child()
            child([[
                session = assert(mapi.logon { profile = %q })
                inbox = assert(assert(session:open_store()):inbox())
            ]], name)
            child:start [[ assert(inbox:new_message { subject = "from afar" }):save() ]]
            assert.truthy(mapi.dispatch(60) > 0)
            child:finish()
            dispatch()
            assert.same({ "object_created message" }, kinds())
            child [[ assert(inbox:import("From: a@example.org\r\nSubject: new\r\n\r\nhello\r\n")) ]]
            dispatch()
            local seen = kinds()
            table.sort(seen)
            assert.same({ "new_mail IPM.Note", "object_created message" }, seen)
        end)

        it("tell the other process in its turn", function()
            local child <close> = support.child()
            child([[
                session = assert(mapi.logon { profile = %q })
                store = assert(session:open_store())
                assert(store:advise(note, { events = { "object_created" } }))
            ]], name)
            child:start [[ return mapi.dispatch(60), told[1].type, told[1].entryid ]]
            local message = save "for you"
            local count, kind, id = child:finish()
            assert.equal(1, count)
            assert.equal("object_created", kind)
            assert.is_true(session:compare_entry_ids(message:entryid(), id))
        end)

        it("belong to the session: neither the connection nor the store need be kept", function()
            do
                local other = assert(session:open_store())
                assert(other:advise(note, { events = { "object_created" } }))
            end
            collectgarbage()
            collectgarbage()
            save "one"
            assert.equal(1, mapi.dispatch())
            session:close()
            support.nothing_left()
        end)

        it("end with their store, which lets go of their functions", function()
            local weak = setmetatable({}, { __mode = "v" })
            weak[1] = function() error "closed" end
            local connection = assert(store:advise(weak[1]))
            save "one"
            assert.is_true(store:close())
            assert.equal("closed connection", mapi.type(connection))
            assert.equal(0, mapi.dispatch())
            collectgarbage()
            assert.is_nil(weak[1])
            do
                local scoped <close> = assert(session:open_store())
                weak[1] = function() error "closed" end
                assert(scoped:advise(weak[1]))
            end
            collectgarbage()
            assert.is_nil(weak[1])
            assert.equal(0, mapi.dispatch())
        end)

        it("may close their store while they tell of it", function()
            assert(store:advise(function(event)
                note(event)
                assert.is_true(store:close())
            end))
            save "one"
            assert.equal(1, mapi.dispatch())
            assert.equal(1, #told)
            assert.equal("closed store", mapi.type(store))
            assert.equal(0, mapi.dispatch())
        end)

        it("are bounded where nobody dispatches: then one says that all has to be read again", function()
            assert(store:advise(note))
            local message = save "again and again"
            for i = 1, 5000 do -- each tells of the message, and perhaps of the folder
                assert(message:set("subject", "again " .. i % 10))
                assert(message:save())
            end
            for i = 1, 5000 do
                assert(message:set("subject", "again " .. i % 10))
                assert(message:save())
            end
            assert.truthy(mapi.dispatch() < 8200)
            assert.equal("table_modified", told[#told].type)
            assert.equal("reload", told[#told].event)
            told = {}
            save "after that"
            dispatch()
            assert.equal("object_created message", kinds()[1])
        end)
    end)

    describe("are waited for", function()
        it("as long as dispatch is told to, while there is somebody to be told", function()
            local function timed(seconds)
                local from = uv.hrtime()
                assert.equal(0, mapi.dispatch(seconds))
                return (uv.hrtime() - from) / 1e9
            end
            assert.truthy(timed(60) < 10)
            assert.equal(0, mapi.dispatch(math.huge)) -- nothing can ever come
            do
                local helper <close> = assert(mapi.helper { profile = name })
                local ended = assert(helper:get_session())
                assert(ended:advise(note))
                assert.is_true(helper:hands_off()) -- the core has ended it
                assert.equal(0, mapi.dispatch(math.huge))
            end
            local connection <close> = assert(session:advise(note))
            assert.truthy(timed(0) < 1)
            local waited = timed(0.1)
            assert.truthy(waited >= 0.1 and waited < 10, waited)
            support.raises("seconds", mapi.dispatch, -1)
            support.raises("seconds", mapi.dispatch, 0 / 0)
            assert(connection)
        end)

        it("and end the wait, from another process as well", function()
            assert(session:advise(note))
            local child <close> = support.child()
            child [[ session = assert(mapi.logon { new_session = false }) ]]
            child:start [[ return session:close() ]]
            assert.equal(1, mapi.dispatch(60))
            assert.same({ LEFT }, told)
            assert.is_true(child:finish())
        end)

        it("until a signal comes", function()
            local child <close> = support.child()
            child([[
                session = assert(mapi.logon { profile = %q })
                assert(session:advise(note))
            ]], name)
            child:start [[ print "waiting" return mapi.dispatch(30) ]]
            local from = uv.hrtime()
            while child.text == "" do
                assert.is_false(child:answered())
            end
            child:kill "sigint"
            support.raises("interrupted!", child.finish, child)
            assert.truthy((uv.hrtime() - from) / 1e9 < 25)
        end)

        --- An object that is called to learn whether mapi.fd() polls readable now.
        local function descriptor()
            local handle = assert(uv.new_poll(assert(mapi.fd())))
            local readable = false
            handle:start("r", function(problem) readable = problem or true end)
            return setmetatable({}, {
                __call = function()
                    readable = false
                    uv.run "nowait"
                    return readable
                end,
                __close = function()
                    handle:close()
                    uv.run "nowait"
                end,
            })
        end

        it("by mapi.fd: the same one always, readable while something waits", function()
            local fd = assert(mapi.fd())
            assert.equal("integer", math.type(fd))
            assert.equal(fd, mapi.fd())
            local look <close> = descriptor()
            assert.is_false(look())
            assert(session:advise(note))
            assert.is_false(look())
            leave(2)
            assert.is_true(look())
            assert.is_true(look()) -- still
            assert.equal(2, mapi.dispatch())
            assert.is_false(look())
            local child <close> = support.child()
            child [[ session = assert(mapi.logon { new_session = false }) return session:close() ]]
            local give_up = os.time() + 60
            while not look() do
                assert(os.time() < give_up)
            end
            assert.equal(1, mapi.dispatch())
            -- What rang may have rung for something else; then a dispatch clears it.
            while look() do
                assert(os.time() < give_up)
                mapi.dispatch()
            end
        end)

        it("by mapi.fd also for accounts, in this process and in others", function()
            local look <close> = descriptor()
            local helper <close> = assert(mapi.helper { session = session })
            local manager <close> = assert(mapi.account_manager(helper))
            local function count() told[#told + 1] = true end
            local connection = assert(manager:advise(count))
            assert.is_false(look())
            assert(manager:create { type = "imap", name = "Home", server = "imap.example.org" })
            assert.is_true(look())
            assert.equal(1, mapi.dispatch())
            assert.is_false(look())
            local child <close> = support.child()
            child([[ manager = assert(mapi.account_manager(assert(mapi.helper { profile = %q }))) ]], name)
            assert.is_false(look())
            child:start [[ assert(manager:create { type = "imap", name = "Work", server = "imap.example.org" }) ]]
            assert.equal(1, mapi.dispatch(math.huge))
            child:finish()
            mapi.dispatch() -- what rang once more, after the commit
            assert.is_false(look())
            child [[ assert(manager:create { type = "imap", name = "Club", server = "imap.example.org" }) ]]
            assert.is_true(look())
            -- A function that raises leaves the rest behind, which is still to be seen.
            connection:close()
            connection = assert(manager:advise(function() error "told" end))
            assert(manager:create { type = "imap", name = "More", server = "imap.example.org" })
            assert(manager:create { type = "imap", name = "Most", server = "imap.example.org" })
            support.raises("told", mapi.dispatch)
            assert.is_true(look())
            connection:close()
            mapi.dispatch()
            assert.is_false(look())
        end)

        it("by mapi.fd also for the hands_off of a helper that was collected", function()
            local look <close> = descriptor()
            local called
            do
                local helper = assert(mapi.helper {
                    get_identity = function() return name end,
                    get_session = function() return session end,
                    hands_off = function() called = true return true end,
                })
                assert(helper:get_session())
            end
            assert.is_false(look())
            collectgarbage()
            collectgarbage()
            assert.is_true(look())
            assert.equal(1, mapi.dispatch())
            assert.is_true(called)
            assert.is_false(look())
        end)

        it("by mapi.fd in a state that never logged on", function()
            local text, ok = support.run [[
                local mapi = require "mapi"
                local fd = assert(mapi.fd())
                assert(fd == mapi.fd() and mapi.dispatch() == 0 and mapi.dispatch(60) == 0)
            ]]
            assert.is_true(ok, text)
        end)
    end)
end)
