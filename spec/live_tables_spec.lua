--- Tables that follow what happens: folder:hierarchy_table, table:advise; iterators over what changes meanwhile.
local mapi = require "mapi"
local support = require "spec.support"

describe("tables that live", function()
    local session, store, box

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        box = assert(assert(store:folder ""):create "box")
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
    end)

    local function names(rows)
        local list = {}
        for i, row in ipairs(rows) do
            list[i] = ("."):rep(row.depth) .. row.display_name
        end
        return table.concat(list, " ")
    end

    describe("folder:hierarchy_table", function()
        it("shows the folders as they are", function()
            local rows <close> = assert(box:hierarchy_table())
            local deep <close> = assert(box:hierarchy_table { recursive = true })
            assert.equal("table", mapi.type(rows))
            assert.equal(0, rows:count())
            local a = assert(box:create "a")
            assert(a:create "below")
            assert(box:create "c")
            assert.equal("a c", names(assert(rows:rows(10))))
            assert.equal("a .below c", names(assert(deep:rows(10))))
            assert(a:rename "d")
            assert.truthy(rows:seek(1))
            assert.equal("c d", names(assert(rows:rows(10))))
            assert.truthy(deep:seek(1))
            local all = assert(deep:rows(10))
            assert.is_true(all[2].subfolders)
            assert.equal(0, all[2].content_count)
            assert.equal(1, all[2].folder_type)
            assert.equal(a:entryid(), all[2].entryid)
        end)

        it("finds, restricts and sorts", function()
            for _, name in ipairs { "a", "b", "c" } do
                local folder = assert(box:create(name))
                if name == "b" then assert(assert(folder:new_message()):save()) end
            end
            local rows <close> = assert(box:hierarchy_table {
                columns = { "display_name", "depth" }, sort = { "-content_count", "-display_name" },
                where = { "display_name", "~=", "x" },
            })
            assert.equal("b c a", names(assert(rows:rows(10))))
            assert.is_true(rows:restrict { "content_count", "=", 0 })
            assert.equal("c a", names(assert(rows:rows(10))))
            assert.truthy(rows:seek(1))
            assert.is_true(rows:find { "display_name", "prefix", "A" })
            support.raises("unknown option", box.hierarchy_table, box, { associated = true })
        end)
    end)

    describe("table:advise", function()
        it("tells of rows with the table's keys", function()
            local rows <close> = assert(box:hierarchy_table { columns = { "display_name" } })
            local heard = {}
            local connection = assert(rows:advise(function(event) heard[#heard + 1] = event end))
            assert.equal("connection", mapi.type(connection))
            local folder = assert(box:create "a")
            mapi.dispatch()
            assert.equal(1, #heard)
            assert.equal("table_modified", heard[1].type)
            assert.equal("row_added", heard[1].event)
            assert.same({ display_name = "a", entryid = folder:entryid() }, heard[1].row)
            assert.equal(folder:get "instance_key", heard[1].index)
            assert.is_nil(heard[1].prior)
            assert(box:create "b")
            assert(folder:delete())
            mapi.dispatch()
            assert.equal("row_added row_deleted", heard[2].event .. " " .. heard[3].event)
            assert.is_true(connection:unadvise())
            assert(box:create "c")
            assert.equal(0, mapi.dispatch())
        end)

        it("works for contents tables, and ends with the table", function()
            local rows = assert(box:table { columns = { "subject" } })
            local count = 0
            local connection = assert(rows:advise(function(event)
                count = count + 1
                assert.equal("new", event.row.subject)
            end))
            assert(assert(box:new_message { subject = "new" }):save())
            assert.equal(1, mapi.dispatch())
            assert.equal(1, count)
            rows:close()
            assert(assert(box:new_message { subject = "unheard" }):save())
            assert.equal(0, mapi.dispatch())
            assert.is_true(connection:unadvise())
            support.raises("attempt to use a closed table", rows.advise, rows, print)
        end)

        it("belongs to the table: collecting the connection changes nothing", function()
            local count = 0
            do
                local rows = assert(box:hierarchy_table())
                assert(rows:advise(function() count = count + 1 end))
            end
            collectgarbage()
            collectgarbage()
            assert(box:create "a")
            mapi.dispatch()
            assert.equal(1, count)
        end)

        it("takes what can be called, and lets the table be closed from inside", function()
            local rows = assert(box:hierarchy_table())
            support.raises("function expected", rows.advise, rows, "print")
            assert(rows:advise(function() rows:close() end))
            assert(box:create "a")
            assert(box:create "b")
            mapi.dispatch()
            assert.equal("closed table", mapi.type(rows))
        end)
    end)

    it("loops that change what they list come to an end", function()
        for i = 1, 5 do assert(box:create("f" .. i)) end
        local count = 0
        for folder in box:folders() do
            count = count + 1
            assert(folder:rename("z" .. folder:name()))
            assert(box:create("y" .. count))
        end
        assert.equal(5, count)

        local message <close> = assert(box:new_message { subject = "x" })
        for i = 1, 3 do assert(message:attach { name = i .. ".txt", data = "text" }) end
        assert(message:save())
        count = 0
        for attachment in message:attachments() do
            count = count + 1
            assert(message:attach { name = "more" .. attachment:name(), data = "text" })
        end
        assert.equal(3, count)
    end)

    it("folder:copy, :move and :empty", function()
        local a, b = assert(box:create "a"), assert(box:create "b")
        assert(a:create "below")
        assert(assert(a:new_message { subject = "m" }):save())
        assert.is_true(a:copy(b))
        assert.is_true(a:copy(b, { name = "flat", recursive = false }))
        support.fails("folder:copy", "MAPI_E_COLLISION", a:copy(b))
        support.fails("folder:move", "MAPI_E_FOLDER_CYCLE", b:move(assert(store:folder "box/b/a")))
        assert.equal(1, assert(store:folder "box/b/a"):count())
        assert.truthy(store:folder "box/b/a/below")
        assert.is_nil((store:folder "box/b/flat/below"))
        assert.is_true(a:move(b, { name = "moved" }))
        assert.equal("box/b/moved", a:path())
        assert.is_true(b:empty())
        assert.is_nil((store:folder "box/b/moved"))
        support.raises("folder expected", a.move, a, "b")
    end)
end)
