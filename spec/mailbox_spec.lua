--- Files of mail: folder:import_mbox, export_mbox, import_maildir, export_maildir; also against Python's mailbox.
local mapi = require "mapi"
local support = require "spec.support"
local uv = require "luv"

local from = "From desk@example.org Thu Jan  1 00:00:10 1970\n"

local function message(subject, body, fields)
    return ("%sFrom: Front Desk <desk@example.org>\nSubject: %s\n\n%s\n"):format(fields or "", subject, body or "text")
end

describe("files of mail", function()
    local session, store, inbox, place

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        place = support.new_home()
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
        support.remove_home(place)
    end)

    local function path(name)
        return place .. "/" .. name
    end

    local function write(name, ...)
        local file = assert(io.open(path(name), "wb"))
        file:write(...)
        assert(file:close())
        return path(name)
    end

    local function read(name)
        local file = assert(io.open(name, "rb"))
        local text = file:read "a"
        file:close()
        return text
    end

    local function folder(name)
        return assert(store:root():create(name, { open_if_exists = true }))
    end

    local function subjects(where)
        local list = {}
        for row in where:rows { columns = { "subject" } } do
            list[#list + 1] = row.subject
        end
        table.sort(list)
        return table.concat(list, " ")
    end

    --- An mbox file with messages of these subjects.
    local function mbox(name, ...)
        local texts = {}
        for i, subject in ipairs { ... } do
            texts[i] = from .. message(subject) .. "\n"
        end
        return write(name, table.concat(texts))
    end

    --- How many times each text is there.
    local function count(list)
        local counts = {}
        for _, text in ipairs(list) do
            counts[text] = (counts[text] or 0) + 1
        end
        return counts
    end

    local function has_python()
        return os.execute "python3 -c 'import mailbox' 2> /dev/null" == true
    end

    --- Runs Python with arguments; what it prints.
    local function python(source, ...)
        local script = write("script.py", source)
        local words = { "python3", "'" .. script .. "'" }
        for _, argument in ipairs { ... } do
            words[#words + 1] = "'" .. argument .. "'"
        end
        local pipe = assert(io.popen(table.concat(words, " ") .. " 2>&1"))
        local text = pipe:read "a"
        assert(pipe:close(), text)
        return text
    end

    local corpus = "../shared/data/mail"

    --- Real messages: examples/mail, and a larger collection where there is one.
    local function real_mail()
        local texts = {}
        for _, directory in ipairs { "examples/mail", corpus } do
            local files = uv.fs_scandir(directory)
            local name = files and uv.fs_scandir_next(files)
            while name do
                if name:find "%.eml$" then
                    texts[#texts + 1] = read(directory .. "/" .. name)
                end
                name = uv.fs_scandir_next(files)
            end
        end
        assert(#texts > 5)
        return texts
    end

    local function fill(where)
        local texts = real_mail()
        for _, text in ipairs(texts) do
            assert(where:import(text)):close()
        end
        return #texts
    end

    local of_mailbox = {
        ["status"] = true, ["x-status"] = true, ["x-mozilla-status"] = true, ["x-mozilla-status2"] = true,
        ["content-length"] = true,
    }

    --- A message as an mbox file has it: without the header fields by which mailboxes say how a message is.
    local function without_state(text)
        local header, body = text:match "^(.-\n)(\n.*)$"
        local kept, leaving = {}, false
        for line in (header or text):gmatch "[^\n]*\n" do
            leaving = line:find "^[ \t]" and leaving or of_mailbox[(line:match "^[^:]*"):lower()]
            kept[#kept + 1] = not leaving and line or nil
        end
        return table.concat(kept) .. (body or "")
    end

    --- What message:export gives, with LF, counted.
    local function exported(where)
        local list = {}
        for each in where:messages() do
            list[#list + 1] = assert(each:export { bcc = true }):gsub("\r\n", "\n")
        end
        return count(list)
    end

    -- ------------------------------------------------------------------------------------------------------ results

    it("says how many messages came, and what became of them", function()
        local number, warning, report = inbox:import_mbox(mbox("a", "one", "two"))
        assert.equal(2, number)
        assert.is_nil(warning)
        assert.same({ messages = 2, skipped = 0, failed = 0, failures = {} }, report)
        assert.equal("one two", subjects(inbox))
        assert.equal(2, inbox:unread())
        assert.equal(0, inbox:import_mbox(write("empty", "")))
        assert.equal(2, inbox:export_mbox(path "out"))
        assert.equal(2, inbox:export_maildir(path "maildir"))
        assert.equal(2, folder "Copy":import_maildir(path "maildir"))
    end)

    it("works on a folder that the session has opened", function()
        local same <close> = assert(session:open_entry(inbox:entryid()))
        assert.equal(2, same:import_mbox(mbox("a", "one", "two")))
        assert.equal(2, inbox:count())
    end)

    it("refuses wrong arguments and closed folders", function()
        support.raises("string expected", inbox.import_mbox, inbox)
        support.raises("unknown option 'formats'", inbox.import_mbox, inbox, "x", { formats = "mboxrd" })
        support.raises("unknown option 'recursive'", inbox.import_mbox, inbox, "x", { recursive = true })
        support.raises("unknown format 'mmdf'", inbox.import_mbox, inbox, "x", { format = "mmdf" })
        support.raises("option 'progress': function expected", inbox.import_maildir, inbox, "x", { progress = 1 })
        local both = { append = true, overwrite = true }
        support.raises("one of append and overwrite", inbox.export_mbox, inbox, "x", both)
        local closed = folder "Closed"
        closed:close()
        for _, name in ipairs { "import_mbox", "import_maildir", "export_mbox", "export_maildir" } do
            support.raises("attempt to use a closed folder", closed[name], closed, "x")
        end
    end)

    it("says what is wrong with a path", function()
        local fifo, loop = path "fifo", path "loop"
        assert(os.execute("mkfifo '" .. fifo .. "'"))
        assert(uv.fs_symlink(loop, loop))
        local text = support.fails("folder:import_mbox", "MAPI_E_NOT_FOUND", inbox:import_mbox(path "nothing"))
        assert(text:find(path "nothing", 1, true))
        support.fails("folder:import_mbox", "MAPI_E_INVALID_PARAMETER", inbox:import_mbox(place))
        support.fails("folder:import_mbox", "MAPI_E_INVALID_PARAMETER", inbox:import_mbox(fifo))
        support.fails("folder:import_mbox", "MAPI_E_DISK_ERROR", inbox:import_mbox(loop))
        support.fails("folder:import_mbox", "MAPI_E_CORRUPT_DATA", inbox:import_mbox(write("x", message "one")))
        support.fails("folder:import_maildir", "MAPI_E_NOT_FOUND", inbox:import_maildir(path "nothing"))
        support.fails("folder:import_maildir", "MAPI_E_INVALID_PARAMETER", inbox:import_maildir(path "x"))
        support.fails("folder:import_maildir", "MAPI_E_CORRUPT_DATA", inbox:import_maildir(place))
        support.fails("folder:export_mbox", "MAPI_E_COLLISION", inbox:export_mbox(path "x"))
        support.fails("folder:export_mbox", "MAPI_E_CORRUPT_DATA", inbox:export_mbox(path "x", { append = true }))
        support.fails("folder:export_mbox", "MAPI_E_NOT_FOUND", inbox:export_mbox(path "no/file"))
        support.fails("folder:export_mbox", "MAPI_E_INVALID_PARAMETER", inbox:export_mbox(place, { overwrite = true }))
        support.fails("folder:export_maildir", "MAPI_E_COLLISION", inbox:export_maildir(path "x"))
        support.fails("folder:export_maildir", "MAPI_E_COLLISION", inbox:export_maildir(place))
        support.fails("folder:export_maildir", "MAPI_E_NOT_FOUND", inbox:export_maildir(path "no/maildir"))
        assert.equal(message "one", read(path "x"))
        assert.equal(0, inbox:count())
        -- A link to a file is as good as the file.
        assert(uv.fs_symlink(mbox("a", "one"), path "link"))
        assert.equal(1, inbox:import_mbox(path "link"))
    end)

    it("passes over what cannot be converted, and says where it is", function()
        local long = message("long", "x", "X-Long: " .. ("0123456789 "):rep(100000) .. "\n")
        local before = from .. message "one" .. "\n"
        write("a", before, from, long, "\n", from, message "two", "\n")
        local number, warning, report = inbox:import_mbox(path "a")
        assert.equal(2, number)
        assert.equal("MAPI_W_PARTIAL_COMPLETION", warning)
        assert.equal(1, report.failed)
        local failure = report.failures[1]
        assert.same({ path "a", #before, "MAPI_E_TOO_BIG" }, { failure.path, failure.offset, failure.name })
        assert.equal("string", type(failure.message))
        local strict = folder "Strict"
        local text = support.fails("folder:import_mbox", "MAPI_E_TOO_BIG",
            strict:import_mbox(path "a", { strict = true }))
        assert(text:find("at byte " .. #before, 1, true))
        assert(text:find("1 message had been imported before", 1, true))
        assert.equal("one", subjects(strict))
    end)

    it("counts all refusals and lists the first thousand", function()
        write("a", from, message "one", "\n", (from .. "\n"):rep(1100), from, message "two", "\n")
        local number, warning, report = inbox:import_mbox(path "a")
        assert.same({ 2, "MAPI_W_PARTIAL_COMPLETION", 1100 }, { number, warning, report.failed })
        assert.equal(1000, #report.failures)
        assert(report.failures[1].offset < report.failures[1000].offset)
    end)

    it("passes over files of a Maildir that cannot be read", function()
        for _, name in ipairs { "", "/cur", "/new" } do
            assert(uv.fs_mkdir(path "md" .. name, 448))
        end
        write("md/cur/1.a:2,S", message "one")
        write("md/cur/2.a:2,", "")
        assert(os.execute("mkfifo '" .. path "md/cur/3.a:2," .. "'"))
        assert(uv.fs_symlink(path "nowhere", path "md/new/4.a"))
        assert(uv.fs_symlink(path "md/cur/1.a:2,S", path "md/new/5.a"))
        local number, warning, report = inbox:import_maildir(path "md")
        assert.same({ 2, "MAPI_W_PARTIAL_COMPLETION", 3 }, { number, warning, report.failed })
        assert.equal(path "md/cur/2.a:2,", report.failures[1].path)
        assert.equal(path "md/cur/3.a:2,", report.failures[2].path)
        assert.equal(path "md/new/4.a", report.failures[3].path)
    end)

    -- ----------------------------------------------------------------------------------------------------- progress

    it("tells of progress, which can end it", function()
        local texts = {}
        for i = 1, 2500 do
            texts[i] = from .. message("number " .. i) .. "\n"
        end
        write("a", table.concat(texts))
        local size, last, calls = #read(path "a"), 0, 0
        assert.equal(2500, inbox:import_mbox(path "a", { progress = function(done, total, number, skipped, failed)
            assert(done >= last and done <= total and total == size)
            assert(inbox:count() >= number)
            assert.same({ 0, 0 }, { skipped, failed })
            last, calls = done, calls + 1
        end }))
        assert.equal(size, last)
        assert(calls >= 3)
        local other = folder "Other"
        local text = support.fails("folder:import_mbox", "MAPI_E_USER_CANCEL",
            other:import_mbox(path "a", { progress = function(_, _, number) return number < 1000 end }))
        local there = other:count()
        assert(there >= 1000 and there < 2500)
        assert(text:find(there .. " messages had been imported before", 1, true))
        -- What it raises goes through as it is; what was saved before stays.
        local problem = {}
        local raising = folder "Raising"
        local ok, raised = pcall(raising.import_mbox, raising, path "a", { progress = function(_, _, number)
            if number >= 1000 then error(problem) end
        end })
        assert.is_false(ok)
        assert.equal(problem, raised)
        assert(raising:count() >= 1000 and raising:count() < 2500)
        -- Too late to be ended: all is done.
        assert.equal(2500, folder "Late":import_mbox(path "a", {
            progress = function(done, total) return done < total end,
        }))
        support.raises("yield", coroutine.wrap(function()
            inbox:import_mbox(path "a", { progress = coroutine.yield })
        end))
    end)

    it("tells of the progress of an export, which then leaves no file", function()
        inbox:import_mbox(mbox("a", "one", "two", "three"))
        local seen
        assert.equal(3, inbox:export_mbox(path "out", { progress = function(done, total, number)
            seen = { done == total, number }
        end }))
        assert.same({ true, 3 }, seen)
        local big = folder "Big"
        local text = message("big", ("0123456789\n"):rep(100000))
        for _ = 1, 20 do
            assert(big:import(text)):close()
        end
        for _, options in ipairs { { overwrite = true }, { append = true } } do
            local before = read(path "out")
            local ended, sum = false, 0
            options.progress = function()
                ended = true
                for i = 1, 100 do sum = sum + i end
                return false
            end
            local number, problem, name = big:export_mbox(path "out", options)
            if ended and not number then -- the machine may have been faster than a tenth of a second
                assert.equal("MAPI_E_USER_CANCEL", name, problem)
                assert.equal(before, read(path "out"))
            end
        end
        local names = uv.fs_scandir(place)
        local others = {}
        for name in function() return uv.fs_scandir_next(names) end do
            others[#others + 1] = name
        end
        table.sort(others)
        assert.same({ "a", "out" }, others)
    end)

    it("goes on when the script closes the folder or the session while it works", function()
        local victim = folder "Victim"
        assert.equal(2, victim:import_mbox(mbox("a", "one", "two"), { progress = function() victim:close() end }))
        assert.equal("closed folder", mapi.type(victim))
        assert.equal(2, folder "Victim":count())
        local texts = {}
        for i = 1, 1500 do
            texts[i] = from .. message("number " .. i) .. "\n"
        end
        local other = assert(mapi.logon(session:profile()))
        local there = assert(assert(other:open_store { write = true }):inbox())
        write("b", table.concat(texts))
        local number, _, name = there:import_mbox(path "b", { progress = function() other:close() end })
        assert.is_nil(number)
        assert.equal("MAPI_E_INVALID_OBJECT", name)
    end)

    it("ends at a Ctrl-C of the interpreter, and is completed by running it again", function()
        local texts = {}
        for i = 1, 30000 do
            texts[i] = from .. message("number " .. i) .. "\n"
        end
        write("a", table.concat(texts))
        local script = ([=[
            local mapi = require "mapi"
            local session = assert(mapi.logon "%s")
            local inbox = assert(assert(session:open_store { write = true }):inbox())
            io.stdout:setvbuf "line"
            local told = false
            local function progress(_, _, number)
                if number > 0 and not told then
                    told = true
                    print "under way"
                end
            end
            local options = { skip_duplicates = true, progress = progress }
            print(pcall(inbox.import_mbox, inbox, "%s", options))
        ]=]):format(session:profile(), path "a")
        local output, ended, printed = assert(uv.new_pipe()), false, ""
        local process = assert(uv.spawn("lua5.4", { args = { "-e", script }, stdio = { nil, output, 2 } },
            function() ended = true end))
        output:read_start(function(_, data)
            printed = printed .. (data or "")
            if data and data:find "under way" then
                process:kill "sigint"
            end
        end)
        while not ended do
            uv.run "once"
        end
        uv.run "nowait"
        output:close()
        process:close()
        uv.run "nowait"
        assert(printed:find("false\t.*interrupted!"), printed)
        local there = inbox:count()
        assert(there >= 1 and there < 30000)
        local number, _, report = inbox:import_mbox(path "a", { skip_duplicates = true })
        assert.equal(30000 - there, number)
        assert.equal(there, report.skipped)
        assert.equal(30000, inbox:count())
    end)

    -- --------------------------------------------------------------------------------------------------- duplicates

    it("leaves out what is there, and keeps what a file has twice", function()
        mbox("a", "one", "two", "one")
        assert.equal(3, inbox:import_mbox(path "a", { skip_duplicates = true }))
        local number, warning, report = inbox:import_mbox(path "a", { skip_duplicates = true })
        assert.same({ 0, nil, 3 }, { number, warning, report.skipped })
        for row in inbox:rows { columns = { "subject" } } do
            if row.subject == "one" then
                assert(inbox:delete_messages(row.entryid))
                break
            end
        end
        assert.equal(1, inbox:import_mbox(path "a", { skip_duplicates = true }))
        assert.equal("one one two", subjects(inbox))
        -- Without the option everything comes.
        assert.equal(3, inbox:import_mbox(path "a"))
    end)

    it("knows a message again whatever the mailbox has done to it", function()
        local text = message("one", "From the start\n>From the second")
        local quoted = text:gsub("\n(>*From [ts])", "\n>%1")
        write("a", from, quoted, "\n")
        assert.equal(1, inbox:import_mbox(path "a"))
        local others = {
            write("b", ((from .. quoted .. "\n"):gsub("\n", "\r\n"))),
            write("c", from, "Status: RO\nX-Status: F\nX-Mozilla-Status: 0001\nX-Mozilla-Keys:   \nLines: 5\n", quoted),
            write("d", "From x Tue Nov 14 22:13:20 2023\n", (quoted:gsub("\n\n", "\nStatus: O\n\n", 1)), "\n\n\n"),
        }
        for _, other in ipairs(others) do
            assert.equal(0, inbox:import_mbox(other, { skip_duplicates = true }))
        end
        for _, name in ipairs { "", "/cur", "/new" } do
            assert(uv.fs_mkdir(path "md" .. name, 448))
        end
        write("md/cur/1.a:2,FS", text)
        write("md/new/2.a", (text:gsub("\n", "\r\n")))
        assert.equal(1, (inbox:import_maildir(path "md", { skip_duplicates = true }))) -- which has it twice
        assert.equal(2, inbox:count())
    end)

    -- -------------------------------------------------------------------------------------------------------- state

    it("takes along how a message is", function()
        write("a", from, message("read", nil, "Status: RO\n"), "\n",
            from, message("all", nil, "X-Status: AFDT\n"), "\n",
            from, message("forwarded", nil, "X-Mozilla-Status: 1001\n"), "\n", from, message "new", "\n")
        assert.equal(4, inbox:import_mbox(path "a"))
        local columns = { "message_flags", "last_verb_executed", "flag_status", "msg_status", "subject" }
        local function states(where)
            local list = {}
            for row in where:rows { columns = columns } do
                list[row.subject] = ("%d %s %s %d"):format(
                    row.message_flags & 9, row.last_verb_executed, row.flag_status, row.msg_status)
            end
            return list
        end
        local expected = {
            read = "1 nil nil 0", all = "8 102 2 8", forwarded = "1 104 nil 0", new = "0 nil nil 0",
        }
        assert.same(expected, states(inbox))
        assert.equal(2, inbox:unread())
        -- A Maildir holds all of it; an mbox file does not know what was forwarded.
        assert(inbox:export_maildir(path "md"))
        local copy = folder "Maildir"
        assert.equal(4, copy:import_maildir(path "md"))
        assert.same(expected, states(copy))
        assert(inbox:export_mbox(path "out"))
        copy = folder "Mbox"
        assert.equal(4, copy:import_mbox(path "out"))
        expected.forwarded = "1 nil nil 0"
        assert.same(expected, states(copy))
        -- The fields were the mailbox's: they are not the message's.
        for each in inbox:messages() do
            assert.is_nil((each:headers():find "Status"))
        end
    end)

    it("knows when a message without a Received field was delivered", function()
        write("a", "From x Tue Nov 14 22:13:20 2023\n", message "one", "\n")
        assert(inbox:import_mbox(path "a"))
        for row in inbox:rows { columns = { "message_delivery_time" } } do
            assert.equal(1700000000, row.message_delivery_time)
        end
        assert(inbox:export_mbox(path "out"))
        assert.equal("From desk@example.org Tue Nov 14 22:13:20 2023", read(path "out"):match "[^\n]*")
        assert(inbox:export_maildir(path "md"))
        local copy = folder "Copy"
        assert(copy:import_maildir(path "md"))
        for row in copy:rows { columns = { "message_delivery_time" } } do
            assert.equal(1700000000, row.message_delivery_time)
        end
    end)

    it("leaves Bcc out where that is wanted", function()
        write("a", from, message("one", nil, "Bcc: office@example.org\n"), "\n")
        assert(inbox:import_mbox(path "a"))
        assert(inbox:export_mbox(path "with"))
        assert(inbox:export_mbox(path "without", { bcc = false }))
        assert.truthy(read(path "with"):find("Bcc: office@example.org", 1, true))
        assert.is_nil((read(path "without"):find("office", 1, true)))
    end)

    -- -------------------------------------------------------------------------------------------------- round trips

    it("writes mbox files that give what message:export gives", function()
        local number = fill(inbox)
        local expected = exported(inbox)
        assert.equal(number, inbox:export_mbox(path "out"))
        assert.equal("rw-------", io.popen("stat -c %A '" .. path "out" .. "'"):read "l":sub(2))
        local copy = folder "Copy"
        assert.equal(number, copy:import_mbox(path "out", { skip_duplicates = true }))
        assert.equal(0, copy:import_mbox(path "out", { skip_duplicates = true }))
        if not has_python() then
            return
        end
        local source = [==[
import mailbox, re, sys
for message in mailbox.mbox(sys.argv[1]):
    pass
box = mailbox.mbox(sys.argv[1])
with open(sys.argv[2], "wb") as out:
    for key in box.keys():
        text = re.sub(rb"(?m)^>(>*From )", rb"\1", box.get_bytes(key))
        out.write(b"%d\n" % len(text) + text)
]==]
        python(source, path "out", path "texts")
        local file = assert(io.open(path "texts", "rb"))
        local texts = {}
        for length in function() return file:read "n" end do
            file:read(1)
            texts[#texts + 1] = file:read(length)
        end
        file:close()
        assert.equal(number, #texts)
        local missing = 0
        local found = count(texts)
        for text, times in pairs(expected) do
            -- The last line has an end, in an mbox file.
            text = without_state(text)
            local there = (found[text] or 0) + (found[text .. "\n"] or 0)
            missing = missing + (there == times and 0 or 1)
        end
        assert.equal(0, missing)
    end)

    it("writes Maildirs that give what message:export gives", function()
        local number = fill(inbox)
        local expected = exported(inbox)
        assert.equal(number, inbox:export_maildir(path "md"))
        local texts = {}
        for _, sub in ipairs { "new", "cur" } do
            local files = assert(uv.fs_scandir(path "md/" .. sub))
            for name in function() return uv.fs_scandir_next(files) end do
                local at = path "md/" .. sub .. "/" .. name
                assert.equal(384, assert(uv.fs_stat(at)).mode & 511)
                texts[#texts + 1] = read(at)
            end
        end
        assert.same(expected, count(texts))
        assert.equal(448, assert(uv.fs_stat(path "md")).mode & 511)
        assert.is_nil(uv.fs_scandir_next(assert(uv.fs_scandir(path "md/tmp"))))
        -- More is added; the same again when it is asked for again.
        assert.equal(number, inbox:export_maildir(path "md"))
        local copy = folder "Copy"
        assert.equal(2 * number, copy:import_maildir(path "md", { skip_duplicates = true }))
        assert.equal(0, copy:import_maildir(path "md", { skip_duplicates = true }))
    end)

    it("reads what Python has written", function()
        if not has_python() then
            return pending "python3 is not installed"
        end
        local source = [==[
import mailbox, sys, os
box, maildir = mailbox.mbox(sys.argv[1]), mailbox.Maildir(sys.argv[2])
texts = [open(path, "rb").read() for path in sys.argv[3:]]
for number, text in enumerate(texts):
    message = mailbox.mboxMessage(text)
    message.set_flags(["", "RO", "ROA", "F", "D"][number % 5])
    box.add(message)
    message = mailbox.MaildirMessage(text)
    message.set_subdir("cur")
    message.set_flags(["", "S", "RS", "F", "T"][number % 5])
    maildir.add(message)
box.flush()
maildir.add_folder("Work.Gr&APw-n").add(texts[0])
]==]
        local files, list = {}, real_mail()
        for i, text in ipairs(list) do
            files[i] = write("mail" .. i, text)
        end
        python(source, path "box", path "md", table.unpack(files))
        assert.equal(#list, inbox:import_mbox(path "box"))
        assert.equal(1, inbox:import_maildir(path "md", { skip_duplicates = true, recursive = true }))
        assert.equal(1, assert(store:folder "Inbox/Work/Grün"):count())
        local read_ones = 0
        for row in inbox:rows { columns = { "message_flags" } } do
            read_ones = read_ones + (row.message_flags & 1)
        end
        assert.equal((#list + 3) // 5 + (#list + 2) // 5, read_ones)
        local copy = folder "Copy"
        assert.equal(#list, copy:import_maildir(path "md"))
    end)

    it("takes folders to a Maildir and back", function()
        inbox:import_mbox(mbox("a", "one"))
        local work = assert(inbox:create "Work/1.5 & more")
        work:import_mbox(mbox("b", "two", "three"))
        assert(work:create "Grüße"):import_mbox(mbox("c", "four"))
        assert.equal(4, inbox:export_maildir(path "md", { recursive = true }))
        assert(uv.fs_stat(path "md/.Work&AC8-1&AC4-5 &- more.Gr&APwA3w-e/new"))
        local copy = folder "Copy"
        assert.equal(4, copy:import_maildir(path "md", { recursive = true }))
        local subs = {}
        for sub in copy:folders() do
            subs[#subs + 1] = sub:name() .. " " .. subjects(sub)
            for below in sub:folders() do
                subs[#subs + 1] = below:name() .. " " .. subjects(below)
            end
        end
        assert.same({ "Work/1.5 & more three two", "Grüße four" }, subs)
        assert.equal(1, folder "Flat":import_maildir(path "md"))
    end)

    it("adds to an mbox file that other programs have written", function()
        write("out", from, message "old") -- no empty line at its end
        inbox:import_mbox(mbox("a", "one"))
        assert.equal(1, inbox:export_mbox(path "out", { append = true }))
        assert.equal(1, inbox:export_mbox(path "out", { append = true }))
        assert.is_nil(uv.fs_stat(path "out.lock"))
        local copy = folder "Copy"
        assert.equal(3, copy:import_mbox(path "out"))
        assert.equal("old one one", subjects(copy):gsub("one one old", "old one one"))
    end)

    it("lets others write to the store while it imports", function()
        local texts = {}
        for i = 1, 20000 do
            texts[i] = from .. message("number " .. i) .. "\n"
        end
        write("a", table.concat(texts))
        local child <close> = support.child()
        child([[
            session = assert(mapi.logon "%s")
            inbox = assert(assert(session:open_store { write = true }):inbox())
        ]], session:profile())
        child:start([[return inbox:import_mbox("%s")]], path "a")
        local written = 0
        repeat
            local new <close> = assert(inbox:new_message { subject = "meanwhile" })
            assert(new:save())
            written = written + 1
        until child:answered()
        assert.equal(20000, child:finish())
        assert.equal(20000 + written, inbox:count())
        child "session:close()"
    end)

    it("refuses a store that was opened for reading", function()
        local other <close> = assert(mapi.logon(session:profile()))
        local closed = assert(assert(other:open_store { write = false }):inbox())
        support.fails("folder:import_mbox", "MAPI_E_NO_ACCESS", closed:import_mbox(mbox("a", "one")))
    end)
end)
