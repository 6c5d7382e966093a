local support = require "spec.support"
local mapi = require "mapi"

describe("mapi.hresult", function()
    it("gives the unsigned number of a name", function()
        assert.equal(0x8004010F, mapi.hresult.MAPI_E_NOT_FOUND)
        assert.equal(0x80040111, mapi.hresult.MAPI_E_LOGON_FAILED)
        assert.equal(0, mapi.hresult.S_OK)
        assert.equal(0x00040203, mapi.hresult.MAPI_W_NO_SERVICE)
        assert.equal(0x800C8101, mapi.hresult.E_ACCT_NOT_FOUND)
        assert.equal("integer", math.type(mapi.hresult.MAPI_E_NOT_FOUND))
    end)

    it("knows both names of a value that has two", function()
        assert.equal(0x80070057, mapi.hresult.E_INVALIDARG)
        assert.equal(mapi.hresult.E_INVALIDARG, mapi.hresult.MAPI_E_INVALID_PARAMETER)
        assert.equal(mapi.hresult.E_OUTOFMEMORY, mapi.hresult.MAPI_E_NOT_ENOUGH_MEMORY)
    end)

    it("gives the MAPI_ name of a number where there is one", function()
        assert.equal("MAPI_E_INVALID_PARAMETER", mapi.hresult[0x80070057])
        assert.equal("MAPI_E_NOT_FOUND", mapi.hresult[0x8004010F])
        assert.equal("E_ACCT_NOT_FOUND", mapi.hresult[0x800C8101])
        assert.equal("MAPI_E_NOT_FOUND", mapi.hresult[0x8004010F - (1 << 32)])
        assert.equal("MAPI_E_NOT_FOUND", mapi.hresult[0x8004010F + 0.0])
    end)

    it("is nil for what it does not know", function()
        for _, key in ipairs { "MAPI_E_NO_SUCH_THING", "", "MAPI_E_NOT_FOUND\0", 0x8004ABCD, 1 << 40, 0.5, true, {} } do
            assert.is_nil(mapi.hresult[key])
        end
    end)

    it("cannot be changed", function()
        support.raises("read-only", function() mapi.hresult.MAPI_E_NOT_FOUND = 1 end)
        assert.is_false(getmetatable(mapi.hresult))
    end)
end)
