--- What the Lua specs share: a MAPI_HOME that is nobody's, profiles that go away again, child processes, and
-- assertions about
--- failures and about what is left alive.
--
-- The subsystem settles on its home when it is first needed, so one process has one home. `.ci/test` starts each spec
-- file in a
-- process with a fresh one. Where MAPI_HOME is not set (plain `busted`), this module makes one before the subsystem
-- is needed and
-- removes it at the end. A home that is not below a directory for temporary files is refused: specs delete profiles.

assert(_VERSION == "Lua 5.4", "the specs need Lua 5.4, this is " .. _VERSION .. "; run busted --lua=lua5.4")

local luassert = require "luassert"
local uv = require "luv"

local support = {}

-- -------------------------------------------------------------------------------------------------------------------
-- ------ homes

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Whether a path lies below a directory for temporary files, links followed.
local function is_temporary(path)
    local real = uv.fs_realpath(path)
    for _, directory in ipairs { os.getenv "TMPDIR" or "", uv.os_tmpdir() or "", "/tmp", "/var/tmp", "/dev/shm" } do
        local temporary = directory ~= "" and uv.fs_realpath(directory)
        if real and temporary and temporary ~= "/" and real:sub(1, #temporary + 1) == temporary .. "/" then
            return true
        end
    end
    return false
end

--- A new directory for a MAPI_HOME; remove it with `remove_home`.
function support.new_home()
    return assert(uv.fs_mkdtemp(uv.os_tmpdir() .. "/lua-mapi-spec.XXXXXX"))
end

function support.remove_home(path)
    assert(is_temporary(path), path .. " is not below a directory for temporary files")
    assert(os.execute("rm -rf -- " .. quoted(path)))
end

local home = os.getenv "MAPI_HOME"
if not home or home == "" then
    home = support.new_home()
    assert(uv.os_setenv("MAPI_HOME", home))
    -- Made before the module is loaded, so its finalizer runs after the module's.
    local made = home
    support.home_guard = setmetatable({}, { __gc = function() os.execute("rm -rf -- " .. quoted(made)) end })
else
    assert(is_temporary(home), "MAPI_HOME=" .. home .. " is not a directory below a temporary one: nothing was run")
end

local mapi = require "mapi"

--- The home of this process, cleared of profiles when `leave_home` is called.
function support.use_home()
    return home
end

function support.leave_home()
    collectgarbage()
    collectgarbage()
    local names = {}
    for profile in mapi.profiles.each() do
        names[#names + 1] = profile.name
    end
    for _, name in ipairs(names) do
        assert(mapi.profiles.delete(name))
    end
end

-- -------------------------------------------------------------------------------------------------------------------
-- --- profiles

local made, serial = {}, 0

--- Creates a profile that `forget_profiles` deletes; without a name, one of its own. Returns its name.
function support.profile(name, options)
    serial = serial + 1
    name = name or ("spec " .. serial)
    assert(mapi.profiles.create(name, options))
    made[#made + 1] = name
    return name
end

--- A session on a profile of its own. Returns the session and the profile's name.
function support.logon(options)
    local name = support.profile()
    local all = { profile = name }
    for key, value in pairs(options or {}) do
        all[key] = value
    end
    return assert(mapi.logon(all)), name
end

--- For `after_each`: deletes what `profile` and `logon` have made. Sessions that are still open keep theirs until they
-- end.
function support.forget_profiles()
    collectgarbage()
    for i = #made, 1, -1 do
        mapi.profiles.delete(made[i])
        made[i] = nil
    end
end

-- -------------------------------------------------------------------------------------------------------------------
-- - assertions

--- How many native objects of any kind are alive.
function support.alive()
    local count, kinds = 0, {}
    for kind, number in pairs(mapi.stats()) do
        count = count + number
        if number ~= 0 then
            kinds[#kinds + 1] = number .. " " .. kind
        end
    end
    table.sort(kinds)
    return count, table.concat(kinds, ", ")
end

--- Collects what nobody holds and asserts that no native object is left.
function support.nothing_left()
    collectgarbage()
    collectgarbage()
    local count, kinds = support.alive()
    luassert(count == 0, "still alive: " .. kinds)
end

--- Asserts that a call failed as documented: support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon("nobody")).
-- Returns the message.
function support.fails(operation, name, value, message, got, ...)
    luassert.is_nil(value)
    luassert.equal("string", type(message))
    luassert.equal(name, got)
    luassert.equal(0, select("#", ...))
    local begins = operation .. ": " .. name .. ": "
    luassert.equal(begins, message:sub(1, #begins))
    luassert(#message > #begins, "a failure says why")
    return message
end

--- Asserts that a call raises, and that the message contains `text` literally. Returns the message.
function support.raises(text, call, ...)
    local ok, message = pcall(call, ...)
    luassert.is_false(ok)
    luassert(tostring(message):find(text, 1, true), ("raised %q instead of %q"):format(tostring(message), text))
    return message
end

-- -----------------------------------------------------------------------------------------------------------------
-- child processes

--- Runs Lua source in a process of its own. options: home (default: a fresh one, removed afterwards), flags ("-W"
-- shows warnings),
-- prefix (a command in front), arguments (an array). Returns what it printed on both streams, and whether it ended
-- well.
function support.run(source, options)
    options = options or {}
    local at = options.home or support.new_home()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(source)
    file:close()
    local words = { "MAPI_HOME=" .. quoted(at), options.prefix or "", "lua5.4", options.flags or "", quoted(script) }
    for _, argument in ipairs(options.arguments or {}) do
        words[#words + 1] = quoted(tostring(argument))
    end
    local pipe = assert(io.popen(table.concat(words, " ") .. " 2>&1"))
    local text = pipe:read "a"
    local ok = pipe:close()
    os.remove(script)
    if not options.home then
        support.remove_home(at)
    end
    return text, ok == true
end

-- What a child runs: each line that comes in is a program, and its results go out. `note` remembers the events it is
-- called with; `heard` says in short what they were: "critical_error MAPI_E_END_OF_SESSION, extended logoff 2".
local main = [==[
    mapi = require "mapi"
    told = {}
    function note(event) told[#told + 1] = event end
    function heard()
        local words = {}
        for i, event in ipairs(told) do
            local parts = { event.type, event.code or event.event, event.count }
            words[i] = table.concat(parts, " ")
        end
        told = {}
        return table.concat(words, ", ")
    end
    io.stdout:setvbuf "line"
    for line in io.lines() do
        local chunk <const>, problem = load(line, "=child")
        local results = table.pack(pcall(chunk or error, problem))
        for i = 1, results.n do
            local value = results[i]
            if type(value) == "table" or type(value) == "userdata" or type(value) == "function" then
                value = tostring(value)
            end
            results[i] = (("%q"):format(value):gsub("\\\n", "\\n"))
        end
        print("\1" .. table.concat(results, ","))
    end
]==]

local Child = {}
Child.__index = Child

local function deadline(what)
    local timer = assert(uv.new_timer())
    local late = false
    timer:start(60000, 0, function() late = true end)
    return function()
        luassert(not late, what .. ": nothing happened for a minute")
        return true
    end, function() timer:close() end
end

function Child:__call(source, ...)
    self:start(source, ...)
    return self:finish()
end

function Child:start(source, ...)
    if select("#", ...) > 0 then
        source = source:format(...)
    end
    assert(self.input:write((source:gsub("\n", " ")) .. "\n"))
end

--- Whether it has answered, without waiting.
function Child:answered()
    uv.run "nowait"
    return #self.answers > 0
end

function Child:finish()
    local in_time, done = deadline("a child")
    while #self.answers == 0 and not self.ended and in_time() do
        uv.run "once"
    end
    done()
    local answer = luassert(table.remove(self.answers, 1), "a child ended: " .. self.text)
    local results = table.pack(assert(load("return " .. answer))())
    if not results[1] then
        error("in a child: " .. tostring(results[2]), 2)
    end
    return table.unpack(results, 2, results.n)
end

function Child:kill(signal)
    self.process:kill(signal or "sigkill")
end

--- Waits for its end; → exit status, signal.
function Child:wait()
    local in_time, done = deadline("the end of a child")
    while not self.ended and in_time() do
        uv.run "once"
    end
    done()
    return self.status, self.signal
end

--- Lets it end by itself, as a program does.
function Child:close()
    if not self.input:is_closing() then
        self.input:close()
    end
    local status, signal = self:wait()
    self.output:close()
    self.process:close()
    uv.run "nowait"
    return status, signal
end

Child.__close = Child.close

--- A process of its own on this process's home, that does what it is told: child "return 1 + 1" → 2. It has `mapi`;
--- what is to last is global. An error there is raised here. child:start(source) does not wait, child:finish() answers
--- for it. child:kill(signal); child:wait() → status, signal; child:close(). Nothing waits for longer than a minute.
-- options: flags (an array, such as { "-W" }), env (an array of "NAME=value" to be added).
function support.child(options)
    options = options or {}
    local self = setmetatable({ answers = {}, text = "" }, Child)
    local arguments = { "-c", 'exec lua5.4 "$@" 2>&1', "sh" }
    table.move(options.flags or {}, 1, #(options.flags or {}), #arguments + 1, arguments)
    arguments[#arguments + 1] = "-e"
    arguments[#arguments + 1] = main
    local env
    if options.env then
        env = {}
        for name, value in pairs(uv.os_environ()) do
            env[#env + 1] = name .. "=" .. value
        end
        table.move(options.env, 1, #options.env, #env + 1, env)
    end
    self.input, self.output = assert(uv.new_pipe()), assert(uv.new_pipe())
    self.process = assert(uv.spawn("sh", {
        args = arguments, env = env, stdio = { self.input, self.output },
    }, function(status, signal)
        self.ended, self.status, self.signal = true, status, signal
    end))
    local rest = ""
    assert(self.output:read_start(function(_, data)
        rest = rest .. (data or "")
        local from = 1
        for line, stop in rest:gmatch "([^\n]*)\n()" do
            if line:sub(1, 1) == "\1" then
                self.answers[#self.answers + 1] = line:sub(2)
            else
                self.text = self.text .. line .. "\n"
            end
            from = stop
        end
        rest = rest:sub(from)
    end))
    return self
end

return support
