--- Mail in and out again: Python's email finds in what is exported what it found in what was imported. Lists of
-- differences, by message: `make roundtrip MAIL=directory`.
local support = require "spec.support"
local roundtrip = require "spec.support.roundtrip"

describe("a round trip", function()
    local session, store, inbox, before, after, remove

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
        inbox = assert(store:inbox())
        before, after, remove = roundtrip.directories()
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
        remove()
    end)

    local function listed(differences, state)
        local lines = {}
        for _, difference in ipairs(differences) do
            if difference.state == state then
                lines[#lines + 1] = ("%s: %s was %s, is %s"):format(difference.name, difference.what, difference.was,
                    difference.is)
            end
        end
        return table.concat(lines, "\n")
    end

    it("changes nothing of a thousand generated messages", function()
        if not roundtrip.has_python() then
            pending "python3 is not here: nothing makes or compares mail"
            return
        end
        local count = math.tointeger(tonumber(os.getenv "MAPI_ROUNDTRIP")) or 1000
        roundtrip.generate(before, count, os.getenv "MAPI_ROUNDTRIP_SEED" or "1")
        assert.equal(count, roundtrip.convert(store, inbox, before, after))
        local differences, compared = roundtrip.compare(before, after)
        assert.equal(count, compared)
        assert.equal("", listed(differences, "well formed"))
    end)

    it("changes nothing of the well-formed messages of examples/mail and ../shared/data/mail", function()
        if not roundtrip.has_python() then
            pending "python3 is not here: nothing compares mail"
            return
        end
        for _, directory in ipairs { "examples/mail", "../shared/data/mail" } do
            local count = roundtrip.convert(store, inbox, directory, after)
            if count == 0 then
                pending("there is no " .. directory .. " here")
            else
                local differences, compared = roundtrip.compare(directory, after)
                assert.equal(count, compared)
                assert.equal("", listed(differences, "well formed"))
            end
        end
    end)
end)
