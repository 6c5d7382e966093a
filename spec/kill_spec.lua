--- What was reported saved is there after `kill -9`, at whatever moment it came.
local uv = require "luv"
local mapi = require "mapi"
local support = require "spec.support"
local store_check = require "spec.support.store_check"

-- Saves a thousand messages, and says the number of each as soon as its save has returned.
local writer = [[
local mapi = require "mapi"
io.stdout:setvbuf "no"
local session = assert(mapi.logon "kill")
local inbox = assert(assert(session:open_store()):inbox())
for i = 1, 1000 do
    local message = assert(inbox:new_message { subject = "message " .. i, body = string.rep("x", i * 40) })
    assert(message:save())
    message:close()
    print(i)
end
]]

--- Starts the writer, kills it once `enough` saves were reported, and returns the number of the last one reported.
local function write_and_kill(script, enough)
    local out = assert(uv.new_pipe())
    local said, process = {}, nil
    process = assert(uv.spawn("lua5.4", { args = { script }, stdio = { nil, out, 2 } }, function() process:close() end))
    uv.read_start(out, function(err, chunk)
        assert(not err, err)
        if not chunk then
            out:close()
            return
        end
        said[#said + 1] = chunk
        local last = 0
        for number in table.concat(said):gmatch "(%d+)\n" do last = tonumber(number) end
        if last >= enough and not process:is_closing() then process:kill "sigkill" end
    end)
    uv.run()
    local last = 0
    for number in table.concat(said):gmatch "(%d+)\n" do last = tonumber(number) end
    return last
end

--- Paths of the store files below a home.
local function stores(home)
    local list = {}
    local directory = assert(uv.fs_scandir(home .. "/stores"))
    for name in uv.fs_scandir_next, directory do
        if name:match "%.db$" then list[#list + 1] = home .. "/stores/" .. name end
    end
    return list
end

describe("kill -9 during a thousand saves", function()
    local home, script

    setup(function()
        home = support.use_home()
        script = os.tmpname()
        local file = assert(io.open(script, "w"))
        file:write(writer)
        file:close()
        assert(mapi.profiles.create "kill")
    end)

    teardown(function()
        os.remove(script)
        support.leave_home()
    end)

    it("loses no message whose save had returned, and leaves a sound store", function()
        local expected = 0
        for _, enough in ipairs { 1, 7, 40, 150, 333 } do
            local saved = write_and_kill(script, enough)
            assert.is_true(saved >= enough, "the writer ended early, after " .. saved)
            for _, path in ipairs(stores(home)) do
                assert.is_nil(store_check(path))
            end
            expected = expected + saved

            local session <close> = assert(mapi.logon "kill")
            local store <close> = assert(session:open_store())
            local inbox <close> = assert(store:inbox())
            local seen, found = {}, 0
            for row in inbox:rows { columns = { "subject" } } do
                local number = tonumber(row.subject:match "^message (%d+)$")
                seen[number] = (seen[number] or 0) + 1
                found = found + 1
            end
            -- One save of each round may have been done and not yet reported.
            assert.is_true(found >= expected, found .. " of " .. expected .. " are there")
            for number = 1, saved do
                assert.is_truthy(seen[number], "message " .. number .. " is gone")
            end
            expected = found
            for row in inbox:rows { columns = { "subject" }, limit = 5, sort = "-message_size" } do
                local message <close> = assert(store:open(row.entryid))
                local number = tonumber(row.subject:match "%d+$")
                assert.equal(number * 40, #message:get "body")
            end
        end
    end)
end)
