--- The documentation is true: its programs run as printed, and its lists hold what is there.
local support = require "spec.support"

local build = os.getenv "MAPI_BUILD_DIR" or "build"

local function read(path)
    local file = assert(io.open(path))
    local text = file:read "a"
    file:close()
    return text
end

local function lines_of(command)
    local list = {}
    local pipe = assert(io.popen(command))
    for line in pipe:lines() do list[#list + 1] = line end
    pipe:close()
    return list
end

--- Runs a command in a home of its own, in `directory` if given. Returns whether it succeeded, and what it printed.
local function run(command, prepare, directory)
    local home = support.new_home()
    local at = ("cd '%s' && MAPI_HOME='%s' "):format(directory or ".", home)
    if prepare then assert(os.execute(at .. prepare)) end
    local pipe = assert(io.popen(at .. command .. " 2>&1"))
    local text = pipe:read "a"
    local ok = pipe:close()
    support.remove_home(home)
    return ok, text
end

--- The fenced blocks of one language in a page, in order.
local function blocks(path, language)
    local list = {}
    for block in ("\n" .. read(path)):gmatch("\n```" .. language .. "\n(.-)\n```") do list[#list + 1] = block end
    return list
end

local function squeezed(text) return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", "")) end

--- Every `--> text` of a block is printed, in that order; `...` at its end stands for anything.
local function check_promises(block, printed)
    local at = 1
    local output = squeezed(printed)
    for promise in block:gmatch "%-%->([^\n]*)" do
        local wanted = squeezed(promise):gsub("%s*%.%.%.$", "")
        local from, to = output:find(wanted, at, true)
        assert.is_truthy(from, "printed:\n" .. printed .. "\ninstead of: " .. wanted)
        at = to + 1
    end
end

local pages = lines_of "ls README.md CHANGELOG.md bench/README.md docs/*.md"

describe("documentation", function()
    for _, page in ipairs(pages) do
        for number, block in ipairs(blocks(page, "lua")) do
            it(page .. ": program " .. number .. " runs as printed", function()
                local directory = support.new_home() -- some leave files where they run
                local file = assert(io.open(directory .. "/program.lua", "w"))
                file:write(block)
                file:close()
                local ok, printed = run("lua5.4 program.lua", nil, directory)
                support.remove_home(directory)
                assert.is_true(ok, printed)
                check_promises(block, printed)
            end)
        end
    end

    it("README.md: the C program compiles as printed and logs on", function()
        if read(build .. "/CMakeCache.txt"):find "\nSANITIZE:STRING=%w" then
            pending "the library is built with a sanitizer"
            return
        end
        local programs = blocks("README.md", "c")
        assert.equal(1, #programs)
        local directory = support.new_home()
        local file = assert(io.open(directory .. "/hello.c", "w"))
        file:write(programs[1], "\n")
        file:close()
        local command = blocks("README.md", "sh")[2]
        assert.is_truthy(command:find("gcc", 1, true))
        command = command:gsub("hello%.c", directory .. "/hello.c"):gsub("%-o hello", "-o " .. directory .. "/hello")
        command = command:gsub("build/libmapi", build .. "/libmapi")
        assert.is_true(os.execute(command))
        local ok, printed = run(directory .. "/hello",
            [[lua5.4 -e 'assert(require "mapi".profiles.create("hello", { default = true }))']])
        support.remove_home(directory)
        assert.is_true(ok, printed)
        assert.equal("logon: 0x00000000\n", printed)
    end)

    it("README.md: the demonstration prints what is shown", function()
        local ok, printed = run "lua5.4 examples/session.lua"
        assert.is_true(ok, printed)
        assert.equal(squeezed(blocks("README.md", "text")[1]), squeezed(printed))
    end)

    it("has no link into nothing", function()
        for _, page in ipairs(pages) do
            local folder = page:match "^(.*/)" or ""
            for target in read(page):gsub("\n```.-\n```", ""):gmatch "%]%(([^)#]+)[^)]*%)" do
                if not target:match "^https?:" then
                    local file = io.open(folder .. target)
                    assert.is_truthy(file, page .. " links to " .. target)
                    file:close()
                end
            end
        end
    end)

    it("explains every decision that code or a test cites", function()
        local explained = {}
        for number in read("docs/decisions.md"):gmatch "\n| (%u%d+) |" do explained[number] = true end
        local cited = lines_of [[grep -rhoE '\b[LROHN][0-9]{1,2}(_|\b)' --include='*.[chl]*' csrc spec lua | sort -u]]
        for _, citation in ipairs(cited) do
            local number = citation:match "^%u%d+"
            assert.is_truthy(explained[number], number .. " is cited, and docs/decisions.md does not explain it")
        end
    end)
end)

--- Calls that a section of the reference lists: the names in backticks in the first cell of its tables.
local function listed(section)
    local calls = {}
    for line in section:gmatch "[^\n]+" do
        local cell = line:match "^| (.-) |"
        if cell then
            for name in cell:gmatch "`([%a_][%w_.]*)[^`]*`" do calls[name] = true end
        end
    end
    return calls
end

--- A page taken apart at its second-level headings: title -> text.
local function sections(path)
    local found, title = {}, nil
    for line in io.lines(path) do
        title = line:match "^## (.*)" or title
        if title then found[title] = (found[title] or "") .. line .. "\n" end
    end
    return found
end

describe("docs/reference.md", function()
    local mapi = require "mapi"
    local core = require "mapi.core"
    local reference = sections "docs/reference.md"
    local properties = listed(reference.Properties)

    for name, methods in pairs(core.types) do
        if reference[name] then
            it("lists the calls of a " .. name .. ", and no others", function()
                local calls = listed(reference[name])
                for call in pairs(methods) do
                    if call:match "^%a" and call ~= "close" and not properties[call] then
                        assert.is_true(calls[call], name .. ":" .. call .. " is not in the reference")
                    end
                end
                for call in pairs(calls) do
                    assert.is_truthy(methods[call], "the reference lists " .. name .. ":" .. call)
                end
            end)
        else
            it("need not speak of a " .. name, function()
                local internal = { listing = true, rows = true }
                assert.is_true(internal[name], "there is no section about " .. name)
            end)
        end
    end

    it("lists what the module holds, and no more", function()
        local calls = listed(reference.mapi)
        for name, value in pairs(mapi) do
            if name == "profiles" then
                for call in pairs(value) do
                    assert.is_true(calls["mapi.profiles." .. call], "mapi.profiles." .. call .. " is not listed")
                end
            else
                assert.is_true(calls["mapi." .. name], "mapi." .. name .. " is not listed")
            end
        end
        for call in pairs(calls) do
            local value = mapi
            for part in call:gsub("^mapi%.", ""):gmatch "[^.]+" do value = value[part] end
            assert.is_truthy(value, "the reference lists " .. call)
        end
    end)
end)

--- The classes of the editor types: name -> { parents = { name }, calls = { name = true } }.
local function classes(path)
    local found, class, owners = {}, nil, {}
    for line in io.lines(path) do
        local name, parents = line:match "^%-%-%-@class (%S+)%s*(.*)"
        if name then
            name = name:gsub(":$", "")
            class = { parents = {}, calls = {} }
            found[name] = class
            for parent in parents:gmatch "mapi[%w_.]*" do class.parents[#class.parents + 1] = parent end
        end
        local owner = line:match "^local ([%w_]+) = {}"
        if owner then owners[owner] = class end
        local of, call = line:match "^function ([%w_]+)[.:]([%w_]+)%("
        local holder = owners[of]
        if holder then holder.calls[call] = true end
    end
    return found
end

describe("types/mapi.lua", function()
    local core = require "mapi.core"
    local known = classes "types/mapi.lua"

    local function has(name, call)
        local class = known[name]
        if not class then return false end
        if class.calls[call] then return true end
        for _, parent in ipairs(class.parents) do
            if has(parent, call) then return true end
        end
        return false
    end

    for name, methods in pairs(core.types) do
        if next(methods) and name ~= "listing" and name ~= "rows" then
            it("knows the calls of a " .. name .. ", and no others", function()
                local class = "mapi." .. name
                for call in pairs(methods) do
                    if call:match "^%a" then assert.is_true(has(class, call), class .. ":" .. call .. " is missing") end
                end
                for call in pairs(known[class].calls) do
                    assert.is_truthy(methods[call], class .. ":" .. call .. " does not exist")
                end
            end)
        end
    end

    it("knows the functions of the module", function()
        local mapi = require "mapi"
        for name, value in pairs(mapi) do
            if type(value) == "function" then
                assert.is_true(has("mapi", name), "mapi." .. name .. " is missing")
            end
        end
        for name in pairs(mapi.profiles) do
            assert.is_true(has("mapi.profiles", name), "mapi.profiles." .. name .. " is missing")
        end
    end)
end)
