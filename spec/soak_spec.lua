--- A hundred thousand beginnings and endings: memory bounded, nothing left alive, no descriptor leaked.
-- Each case runs in a process of its own, so that what it measures is its own. MAPI_SOAK sets another number.
local support = require "spec.support"

local cycles = tonumber(os.getenv "MAPI_SOAK") or 100000

-- What every case begins with: a profile, a warm-up, and the measuring of this very process.
local prelude = [[
local mapi = require "mapi"
local cycles = ...
cycles = tonumber(cycles)
assert(mapi.profiles.create "soak")

local uv = require "luv"
local resident = uv.resident_set_memory

local function descriptors()
    local count, directory = 0, assert(uv.fs_scandir "/proc/self/fd")
    for _ in uv.fs_scandir_next, directory do count = count + 1 end
    return count
end

local function nothing_left()
    collectgarbage()
    collectgarbage()
    for kind, count in pairs(mapi.stats()) do
        assert(count == 0, count .. " left of " .. kind)
    end
end

local function soak(body, bound)
    for _ = 1, math.max(200, cycles // 20) do body() end
    collectgarbage()
    collectgarbage()
    local before, files, highest = resident(), descriptors(), 0
    for i = 1, cycles do
        body()
        if i % 1000 == 0 then highest = math.max(highest, resident()) end
    end
    nothing_left()
    highest = math.max(highest, resident())
    assert(descriptors() == files, "descriptors leaked")
    -- A sanitizer keeps freed memory back for a while, so its builds say nothing about size.
    if os.getenv "MAPI_SANITIZE" then bound = math.huge end
    assert(highest - before < bound, string.format("grew by %d KB", (highest - before) // 1024))
    print "flat"
end
]]

local function run(script)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(prelude, script)
    file:close()
    local home = support.new_home()
    local pipe = assert(io.popen(string.format("MAPI_HOME='%s' lua5.4 %s %d 2>&1", home, path, cycles)))
    local text = pipe:read "a"
    pipe:close()
    os.remove(path)
    support.remove_home(home)
    return text
end

describe("a session, again and again #soak", function()
    it("logs on and off, memory flat and nothing left", function()
        assert.equal("flat\n", run [[
            soak(function()
                local session = assert(mapi.logon "soak")
                assert(session:logoff { ui = false })
                session:close()
            end, 4 << 20)
        ]])
    end)

    it("is abandoned and collected, memory bounded and nothing left", function()
        assert.equal("flat\n", run [[
            warn "@off"
            soak(function() assert(mapi.logon "soak") end, 32 << 20)
        ]])
    end)

    it("is abandoned in a program whose own heap is 100 MB", function()
        assert.equal("flat\n", run [[
            warn "@off"
            local heap = {}
            for i = 1, 100 do
                heap[i] = {}
                for j = 1, 64 do heap[i][j] = string.rep(string.char(j), 16384 - 64) .. i .. "/" .. j end
            end
            assert(collectgarbage "count" > 100 * 1000)
            soak(function() assert(mapi.logon "soak") end, 64 << 20)
            assert(#heap == 100)
        ]])
    end)

    it("is abandoned with a store and a folder open", function()
        assert.equal("flat\n", run [[
            warn "@off"
            cycles = cycles // 20
            soak(function()
                local session = assert(mapi.logon "soak")
                assert(assert(session:open_store()):inbox())
            end, 64 << 20)
        ]])
    end)

    it("is lent by a helper and handed off", function()
        assert.equal("flat\n", run [[
            cycles = cycles // 10
            soak(function()
                local helper <close> = assert(mapi.helper { profile = "soak" })
                assert(helper:get_session())
                assert(helper:hands_off())
            end, 4 << 20)
        ]])
    end)
end)
