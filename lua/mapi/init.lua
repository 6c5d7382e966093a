--- MAPI sessions for Lua: profiles, sessions, helpers, stores, messages.
--
-- The module is made in C (csrc/lua/module.c); what is written in Lua is loaded when it is first used.
-- @module mapi

return require "mapi.core".module
