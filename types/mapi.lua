---@meta mapi

--- MAPI sessions for Lua 5.4. For editors only (LuaLS): nothing here is ever run.
--- Failures of the world are nil, a message "<operation>: <NAME>: <text>" and the NAME; misuse raises.
---@class mapi
---@field _VERSION string
---@field profiles mapi.profiles
---@field hresult table<string|integer, integer|string> name to unsigned 32-bit value, and value to name
local mapi = {}

---@alias mapi.property string|integer "subject", "PR_SUBJECT", "PidTagSubject", "<set>:<name>[;<type>]" or a tag
---@alias mapi.value boolean|integer|number|string|(integer|number|string)[]
---@alias mapi.entryid string binary

-- ------------------------------------------------------------------------------------------------------------- module

---@class mapi.logon_options
---@field profile? string at most 64 UTF-16 units
---@field shared? boolean
---@field new_session? boolean default: true when `profile` is given and `shared` is not
---@field use_default? boolean
---@field explicit_profile? boolean
---@field ui? boolean
---@field no_mail? boolean
---@field background? boolean
---@field force_download? boolean
---@field timeout_short? boolean
---@field nt_service? boolean
---@field service_ui_always? boolean
---@field window? integer
---@field flags? integer or'ed in
---@field password? string nil or ""
---@field any_profile? boolean

---@param options? string|mapi.logon_options a profile's name, or options; nothing: the default profile
---@return mapi.session? session
---@return string? message
---@return string? name
function mapi.logon(options) end

---@class mapi.helper_options: mapi.logon_options
---@field session? mapi.session borrowing
---@field get_identity? fun(): string
---@field get_session? fun(): mapi.session
---@field hands_off? fun(): boolean

---@param options mapi.helper_options
---@return mapi.helper? helper
---@return string? message
---@return string? name
function mapi.helper(options) end

---@param helper mapi.helper
---@param options? { sync?: boolean, stores_check?: boolean, notifications?: boolean }
---@return mapi.account_manager? manager
---@return string? message
---@return string? name
function mapi.account_manager(helper, options) end

---@param timeout? number seconds; nothing or 0: what is there
---@return integer? delivered
---@return string? message
---@return string? name
function mapi.dispatch(timeout) end

--- The same one for the life of the state; polls readable while something waits for mapi.dispatch. Not to be closed.
---@return integer? descriptor
---@return string? message
---@return string? name
function mapi.fd() end

---@class mapi.question
---@field kind "logoff"|"accounts"
---@field profile? string
---@field unsent? integer of "logoff", as the two that follow
---@field unsaved? integer
---@field clients? integer
---@field manager? mapi.account_manager of "accounts", as the three that follow
---@field wizard? boolean
---@field data_tab? boolean
---@field no_warning? boolean
---@field window? integer

---@param handler false|nil|fun(question: mapi.question): boolean
---@return false|nil|fun(question: mapi.question): boolean old
function mapi.set_dialog(handler) end

---@param value any
---@return string? kind "session", "closed session"; nil for what is no object of this module
function mapi.type(value) end

---@return table<string, integer> counts of live native objects
function mapi.stats() end

---@class mapi.profiles
local profiles = {}

---@param name string
---@param options? { default?: boolean }
---@return true? ok
---@return string? message
---@return string? name
function profiles.create(name, options) end

---@param name string
---@return true? ok
---@return string? message
---@return string? name
function profiles.delete(name) end

---@param from string
---@param to string
---@return true? ok
---@return string? message
---@return string? name
function profiles.copy(from, to) end

---@param from string
---@param to string
---@return true? ok
---@return string? message
---@return string? name
function profiles.rename(from, to) end

---@param name string|nil
---@return true? ok
---@return string? message
---@return string? name
function profiles.set_default(name) end

---@return string? profile
---@return string? message
---@return string? name
function profiles.default() end

---@return fun(): { name: string, default: boolean }
function profiles.each() end

-- ------------------------------------------------------------------------------------------------------------ objects

---@class mapi.object
local object = {}

--- Harmless when closed already.
---@return true? ok
---@return string? message
---@return string? name
function object:close() end

---@class mapi.session: mapi.object
local session = {}

---@param options? { shared?: boolean, ui?: boolean, window?: integer }
---@return true? ok
---@return string? message
---@return string? name
function session:logoff(options) end

---@return string profile
function session:profile() end

---@return boolean shared
function session:is_shared() end

---@return boolean joined
function session:joined() end

---@return "active"|"shutdown pending"
function session:state() end

---@return fun(): { entryid: mapi.entryid, display_name: string, default: boolean, provider: string }
function session:stores() end

---@param options? { name?: string, entryid?: mapi.entryid, write?: boolean, spooler?: boolean }
---@return mapi.store? store
---@return string? message
---@return string? name
function session:open_store(options) end

---@param entryid mapi.entryid
---@return true? ok
---@return string? message
---@return string? name
function session:set_default_store(entryid) end

---@return fun(): { display_name: string, resource_type: integer, status_code: integer, status_string?: string, resource_flags?: integer, resource_methods?: integer, provider?: string, provider_dll_name?: string, entryid: mapi.entryid, instance_key?: string, object_type?: integer, rowid?: integer, identity_display?: string, identity_entryid?: mapi.entryid, identity_search_key?: string }
function session:status() end

---@return mapi.entryid? identity
---@return string? message_or_warning
---@return string? name
function session:query_identity() end

---@param a mapi.entryid
---@param b mapi.entryid
---@return boolean? same
---@return string? message
---@return string? name
function session:compare_entry_ids(a, b) end

---@param entryid mapi.entryid
---@param options? { write?: boolean } the best access there is if absent
---@return mapi.folder|mapi.message|mapi.store|nil entry
---@return string? message
---@return string? name
function session:open_entry(entryid, options) end

---@param uid string
---@param options? table
---@return mapi.profile_section? section
---@return string? message
---@return string? name
function session:profile_section(uid, options) end

---@return fun(): table
function session:services() end

---@alias mapi.event_type "critical_error"|"extended"|"new_mail"|"object_created"|"object_modified"|"object_deleted"|"object_moved"|"object_copied"|"search_complete"|"table_modified"

---@class mapi.event
---@field type mapi.event_type
---@field code? string of "critical_error" and "table_modified"
---@field text? string of "critical_error", as the three that follow
---@field component? string
---@field low_level? integer
---@field context? integer
---@field event? string|integer of "extended" and "table_modified": "logoff", "reload", …
---@field count? integer of "logoff"
---@field parameters? string of other extended events
---@field entryid? mapi.entryid
---@field parent_entryid? mapi.entryid
---@field old_entryid? mapi.entryid
---@field old_parent_entryid? mapi.entryid
---@field object_type? string|integer "message", "folder", …
---@field properties? integer[] tags of what has changed, where that is known
---@field message_class? string of "new_mail"
---@field message_flags? integer of "new_mail"
---@field index? string of "table_modified": the row's instance key
---@field prior? string that of the row before it
---@field row? table<integer|mapi.property, mapi.value> keyed as the columns of a table with table:advise, by tag else

---@param fn fun(event: mapi.event) called by mapi.dispatch
---@param options? { events?: mapi.event_type[], entryid?: mapi.entryid }
---@return mapi.connection? connection
---@return string? message
---@return string? name
function session:advise(fn, options) end

---@return { text: string, component?: string, low_level: integer, context: integer, name: string }?
function session:last_error() end

---@return mapi.helper? helper
---@return string? message
---@return string? name
function session:helper() end

---@return true? ok
---@return string? message
---@return string? name
function session:query_fast_shutdown() end

---@return true? ok
---@return string? message
---@return string? name
function session:notify_process_shutdown() end

---@return true? ok
---@return string? message
---@return string? name
function session:do_fast_shutdown() end

---@return { type: string, what?: string, age: integer }[] newest first
function session:objects() end

---@class mapi.helper: mapi.object
local helper = {}

---@return string? profile
---@return string? message
---@return string? name
function helper:get_identity() end

---@return mapi.session? session
---@return string? message
---@return string? name
function helper:get_session() end

---@return boolean? handed_off true: logged off and released; false: borrowing, nothing changes
---@return string name "S_OK" or "E_NOTIMPL"
function helper:hands_off() end

---@return false, "E_NOTIMPL"
function helper:placeholder1() end

---@return "idle"|"holding"|"handed off"|"borrowing"|"scripted"
function helper:state() end

-- ------------------------------------------------------------------------------------------------------------ accounts

---@alias mapi.account_type "imap"|"pop3"|"exchange"|"http"|"ldap"
---@alias mapi.account_category "mail"|"address_book"|"store"
---@alias mapi.account_event "created"|"changed"|"predeleted"|"deleted"|"order_changed"
---@alias mapi.account_property string|integer "acct_name", "PROP_ACCT_NAME" or a tag

---@class mapi.account_manager: mapi.object
local account_manager = {}

---@param filter? { category?: mapi.account_category, type?: mapi.account_type }
---@return fun(): mapi.account
function account_manager:accounts(filter) end

---@param filter? { category?: mapi.account_category, type?: mapi.account_type }
---@return mapi.account_enum? enumerator
---@return string? message
---@return string? name
function account_manager:enumerate(filter) end

---@param what { id: integer }|{ is_exchange: boolean }
---@return mapi.account? account
---@return string? message
---@return string? name
function account_manager:find(what) end

--- Any other property goes by its own name.
---@param properties { type: mapi.account_type, name?: string, address?: string, display_name?: string, server?: string, port?: integer, ssl?: boolean, user?: string, password?: string, password_command?: string }
---@return mapi.account? account
---@return string? message
---@return string? name
function account_manager:create(properties) end

---@param id integer
---@return true? ok
---@return string? message
---@return string? name
function account_manager:delete(id) end

---@param id integer
---@return true? ok
---@return string? message
---@return string? name
function account_manager:save(id) end

---@param category mapi.account_category
---@return integer[]? ids
---@return string? message
---@return string? name
function account_manager:order(category) end

---@param category mapi.account_category
---@param ids integer[]
---@return true? ok
---@return string? message
---@return string? name
function account_manager:set_order(category, ids) end

---@param fn fun(event: mapi.account_event, id: integer) called by mapi.dispatch
---@return mapi.connection? connection
---@return string? message
---@return string? name
function account_manager:advise(fn) end

---@param options? { wizard?: boolean, data_tab?: boolean, no_warning?: boolean, window?: integer }
---@return true? ok
---@return string? message
---@return string? name
function account_manager:display_account_list(options) end

---@param result string|integer
---@return string? text
---@return string? message
---@return string? name
function account_manager:error_text(result) end

---@class mapi.account_enum: mapi.object
local account_enum = {}

---@return integer? count
---@return string? message
---@return string? name
function account_enum:count() end

---@return mapi.account? account nil at the end
---@return string? message
---@return string? name
function account_enum:next() end

---@param count integer
---@return true? ok
---@return string? message "S_FALSE" when fewer were left
---@return string? name
function account_enum:skip(count) end

---@return true? ok
---@return string? message
---@return string? name
function account_enum:reset() end

---@class mapi.account: mapi.object
local account = {}

---@param property mapi.account_property|mapi.account_property[]
---@return integer|string|table? value
---@return string? message
---@return string? name
function account:get(property) end

---@param property mapi.account_property|table<mapi.account_property, integer|boolean|string>
---@param value? integer|boolean|string
---@return true? ok
---@return string? message
---@return string? name
function account:set(property, value) end

---@return fun(): integer, integer|string, string tag, value, name
function account:props() end

---@return { type: mapi.account_type, categories: mapi.account_category[] }
function account:info() end

---@return integer? id
---@return string? message
---@return string? name
function account:id() end

---@return true? ok
---@return string? message
---@return string? name
function account:save() end

---@param property mapi.account_property "inet_password" or "smtp_password"
---@param text string|nil
---@return true? ok
---@return string? message
---@return string? name
function account:hold_secret(property, text) end

--- Runs the password command.
---@param property mapi.account_property "inet_password" or "smtp_password"
---@return true? ok
---@return string? message
---@return string? name
function account:fetch_secret(property) end

--- What advise returns. Collecting it changes nothing: the registration belongs to the session, or the account manager.
---@class mapi.connection: mapi.object
local connection = {}

---@return true? ok
---@return string? message
---@return string? name
function connection:unadvise() end

-- ----------------------------------------------------------------------------------------------- objects of properties

--- What stores, folders, messages, attachments and profile sections have.
---@class mapi.properties: mapi.object
local properties = {}

--- One value, or a table of those that are there, keyed as the properties are written.
---@param property mapi.property
---@param options? { exact?: boolean } times as ticks of 100 ns since 1601 instead of seconds since 1970
---@return mapi.value? value may be false
---@return string? message
---@return string? name
---@overload fun(self, properties: mapi.property[], options?: { exact?: boolean }): table<mapi.property, mapi.value>
function properties:get(property, options) end

--- A named property without a type keeps the type it has; a new one takes the type that fits the value.
---@param property mapi.property
---@param value mapi.value what the type cannot hold raises
---@param options? { exact?: boolean }
---@return true? ok
---@return string? message
---@return string? name "MAPI_E_COMPUTED" for what the store works out
---@overload fun(self, values: table<mapi.property, mapi.value>): true?, string?, string?
function properties:set(property, value, options) end

--- An iterator over tag, value: those there are when it begins, without those that have gone when they are reached.
---@return fun(self): integer, mapi.value
function properties:props() end

--- That one is not there is no failure.
---@param names mapi.property|mapi.property[]
---@return true? ok
---@return string? message
---@return string? name
function properties:delete_props(names) end

---@class mapi.profile_section: mapi.properties
local profile_section = {}

---@class mapi.store: mapi.properties
local store = {}

---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:root() end

---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:inbox() end

---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:outbox() end

---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:sent_items() end

---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:deleted_items() end

--- Where search folders are usually made; people do not see it.
---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:search_root() end

---@param path string "Inbox/Work"; a slash in a name is \/, a backslash \\
---@return mapi.folder? folder
---@return string? message
---@return string? name
function store:folder(path) end

---@param entryid mapi.entryid
---@return mapi.folder|mapi.message|nil entry
---@return string? message
---@return string? name
function store:open(entryid) end

---@param fn fun(event: mapi.event) called by mapi.dispatch
---@param options? { events?: mapi.event_type[], entryid?: mapi.entryid }
---@return mapi.connection? connection
---@return string? message
---@return string? name
function store:advise(fn, options) end

---@param class? string nothing: of no particular class
---@return mapi.folder? folder where messages of the class arrive
---@return string? class_or_message the class that says so, "" for the default
---@return string? name
function store:receive_folder(class) end

---@param class string "": the default
---@param folder mapi.folder|nil nil takes the class out again
---@return true? ok
---@return string? message
---@return string? name
function store:set_receive_folder(class, folder) end

---@return fun(): { message_class: string, entryid: mapi.entryid }
function store:receive_folders() end

---@param entryid mapi.entryid of a submitted message, which becomes a draft again
---@return true? ok
---@return string? message
---@return string? name
function store:abort_submit(entryid) end

--- Of a store opened as the spooler, as the two that follow.
---@param options? { columns?: mapi.property[], where?: mapi.where, sort?: mapi.sort }
---@return mapi.table? queue
---@return string? message
---@return string? name
function store:outgoing_queue(options) end

---@param message mapi.message opened through this store
---@param locked boolean
---@return true? ok
---@return string? message
---@return string? name
function store:set_lock_state(message, locked) end

---@param entryid mapi.entryid of a message that has been sent
---@return true? ok
---@return string? message
---@return string? name
function store:finished_msg(entryid) end

---@return mapi.entryid? entryid
---@return string? message
---@return string? name
function store:entryid() end

---@return string? store_name
---@return string? message
---@return string? name
function store:name() end

-- ------------------------------------------------------------------------------------------------------------ folders

--- { p, "=", v } and < <= > >= ~=; { p, "contains", s }, { p, "prefix", s }, "contains_exact", "prefix_exact";
--- { p, "&", mask }; { "exists", p }; { "and", r, … }, { "or", r, … }, { "not", r }; { "any_recipient", r },
--- { "any_attachment", r }. What is absent satisfies no comparison; of a multi-valued property any value will do.
---@alias mapi.where any[]
---@alias mapi.sort mapi.property|mapi.property[] "subject", "-message_delivery_time" for descending; at most 16

---@class mapi.messages_options
---@field where? mapi.where all if absent
---@field sort? mapi.sort the order in which they came if absent
---@field limit? integer at most so many
---@field offset? integer passing over so many first
---@field associated? boolean the hidden ones instead

---@class mapi.rows_options: mapi.messages_options
---@field columns? mapi.property[] at most 240; values of more than 64 KB are nil in a row

---@class mapi.folders_options
---@field where? mapi.where
---@field sort? mapi.sort
---@field limit? integer
---@field offset? integer
---@field recursive? boolean and all below them

---@class mapi.rows: mapi.object
local rows = {}

---@class mapi.folder: mapi.properties
local folder = {}

---@param options? mapi.folders_options
---@return fun(rows: mapi.rows): mapi.folder
---@return mapi.rows
function folder:folders(options) end

---@param options? mapi.rows_options
---@return fun(rows: mapi.rows): table<mapi.property, mapi.value> row keyed as the columns are written, with entryid
---@return mapi.rows
function folder:rows(options) end

---@param options? mapi.messages_options
---@return fun(rows: mapi.rows): mapi.message
---@return mapi.rows
function folder:messages(options) end

---@param options? { columns?: mapi.property[], where?: mapi.where, sort?: mapi.sort, associated?: boolean }
---@return mapi.table? table
---@return string? message
---@return string? name
function folder:table(options) end

---@param options? { columns?: mapi.property[], where?: mapi.where, sort?: mapi.sort, recursive?: boolean }
---@return mapi.table? table of the folders in it
---@return string? message
---@return string? name
function folder:hierarchy_table(options) end

---@param folder mapi.folder
---@param options? { name?: string, recursive?: boolean } recursive: true unless it says otherwise
---@return true? ok
---@return string? message
---@return string? name
function folder:copy(folder, options) end

---@param folder mapi.folder
---@param options? { name?: string }
---@return true? ok
---@return string? message
---@return string? name
function folder:move(folder, options) end

---@param options? { associated?: boolean } hidden messages too
---@return true? ok
---@return string? message
---@return string? name
function folder:empty(options) end

---@return string? folder_name
---@return string? message
---@return string? name
function folder:name() end

---@return string? path
---@return string? message
---@return string? name
function folder:path() end

---@return mapi.entryid? entryid
---@return string? message
---@return string? name
function folder:entryid() end

---@return mapi.folder? parent
---@return string? message
---@return string? name
function folder:parent() end

---@return integer? messages
---@return string? message
---@return string? name
function folder:count() end

---@return integer? unread
---@return string? message
---@return string? name
function folder:unread() end

---@param name string in another case, too, only one in a folder
---@param options? { type?: "generic"|"search", open_if_exists?: boolean, comment?: string }
---@return mapi.folder? folder
---@return string? message
---@return string? name
function folder:create(name, options) end

---@class mapi.search_options what is absent stays as it was; the first call has to say where and folders
---@field where? mapi.where
---@field folders? mapi.entryid|mapi.folder|(mapi.entryid|mapi.folder)[]
---@field recursive? boolean the folders below them too
---@field foreground? boolean at high priority
---@field stop? boolean what has been found stays, and nothing comes any more
---@field restart? boolean starts one that was stopped, and searches anew

---@class mapi.search_criteria
---@field where? mapi.where nil: another program has set something that where cannot say
---@field folders mapi.entryid[]
---@field running boolean
---@field recursive boolean
---@field foreground boolean

--- Of a folder made with type = "search".
---@param options mapi.search_options
---@return true? ok
---@return string? message
---@return string? name
function folder:set_search_criteria(options) end

---@return mapi.search_criteria? criteria
---@return string? message
---@return string? name
function folder:get_search_criteria() end

--- For good. Without `recursive`, an empty one only.
---@param options? { recursive?: boolean } with all that is in it
---@return true? ok
---@return string? message
---@return string? name "MAPI_E_HAS_MESSAGES", "MAPI_E_HAS_FOLDERS", or "MAPI_E_NO_ACCESS" for a folder every store has
function folder:delete(options) end

---@param name string
---@return true? ok
---@return string? message
---@return string? name
function folder:rename(name) end

--- An entry id, a message, a row of folder:rows, or an array of them. What is not in the folder does not keep the others
--- from anything: true, "MAPI_W_PARTIAL_COMPLETION".
---@alias mapi.ids mapi.id|mapi.id[]
---@alias mapi.id mapi.entryid|mapi.message|{ entryid: mapi.entryid }

---@param ids mapi.ids
---@param target mapi.folder
---@return true? ok
---@return string? message_or_warning
---@return string? name
function folder:copy_messages(ids, target) end

---@param ids mapi.ids
---@param target mapi.folder
---@return true? ok
---@return string? message_or_warning
---@return string? name
function folder:move_messages(ids, target) end

---@param ids mapi.ids
---@return true? ok
---@return string? message_or_warning
---@return string? name
function folder:delete_messages(ids) end

---@param ids mapi.ids
---@param read boolean
---@return true? ok
---@return string? message_or_warning
---@return string? name
function folder:set_read(ids, read) end

---@param values? table<mapi.property, mapi.value>
---@param options? { associated?: boolean } a hidden message, for settings
---@return mapi.message? message not saved yet
---@return string? text
---@return string? name
function folder:new_message(values, options) end

--- A reader is called until nil or ""; nil and a message make the import fail with that message.
---@param source string|file*|fun(): string?, any RFC 5322 text, an open file, or a reader
---@param options? { max_size?: integer } in bytes; 100 MB if absent
---@return mapi.message? message saved
---@return string? text
---@return string? name
function folder:import(source, options) end

--- How far it is: of so many bytes; messages done, left out, and not to be converted. False ends it.
---@alias mapi.progress fun(done: integer, total: integer, messages: integer, skipped: integer, failed: integer): boolean?

--- What became of the messages; `failures` lists the first thousand: with `path` and `offset`, or for an export `entryid`.
---@class mapi.mail_report
---@field messages integer
---@field skipped integer
---@field failed integer
---@field failures { path?: string, offset?: integer, entryid?: string, message: string, name: string }[]

---@class mapi.mbox_import
---@field progress? mapi.progress
---@field skip_duplicates? boolean leave out what the folder has already
---@field strict? boolean end at the first message that cannot be converted
---@field format? "auto"|"mboxrd"|"mboxo"|"mboxcl"|"mboxcl2"

---@class mapi.maildir_import
---@field progress? mapi.progress
---@field skip_duplicates? boolean leave out what the folder has already
---@field strict? boolean end at the first message that cannot be converted
---@field recursive? boolean its folders, too (Maildir++)

---@class mapi.mbox_export
---@field progress? mapi.progress
---@field bcc? boolean false leaves Bcc out
---@field strict? boolean end at the first message that cannot be converted
---@field append? boolean add to the file, if there is one
---@field overwrite? boolean replace the file, if there is one

---@class mapi.maildir_export
---@field progress? mapi.progress
---@field bcc? boolean false leaves Bcc out
---@field strict? boolean end at the first message that cannot be converted
---@field recursive? boolean the folders below, too (Maildir++)

---@param path string
---@param options? mapi.mbox_import
---@return integer? messages
---@return string? text_or_warning
---@return (string|mapi.mail_report)? name_or_report
function folder:import_mbox(path, options) end

---@param path string
---@param options? mapi.maildir_import
---@return integer? messages
---@return string? text_or_warning
---@return (string|mapi.mail_report)? name_or_report
function folder:import_maildir(path, options) end

---@param path string
---@param options? mapi.mbox_export
---@return integer? messages
---@return string? text_or_warning
---@return (string|mapi.mail_report)? name_or_report
function folder:export_mbox(path, options) end

---@param path string
---@param options? mapi.maildir_export
---@return integer? messages
---@return string? text_or_warning
---@return (string|mapi.mail_report)? name_or_report
function folder:export_maildir(path, options) end

---@class mapi.table: mapi.object
local tables = {}

---@return integer? rows
---@return string? message
---@return string? name
function tables:count() end

--- Puts the cursor before a row.
---@param row integer|lightuserdata from 1, or from -1 at the end, or a bookmark
---@return integer? passed rows passed over: from the beginning, negative from the end, from the bookmark
---@return string? message_or_warning "MAPI_W_POSITION_CHANGED": the bookmark's row has gone
---@return string? name
function tables:seek(row) end

---@param count integer the next ones, with the cursor behind them; negative: those before the cursor, which stays
---@return table[]? rows empty at the end
---@return string? message
---@return string? name
function tables:rows(count) end

--- Puts the cursor before the next row that the condition holds for, the one at the cursor included.
---@param where mapi.where
---@param options? { backward?: boolean } the nearest one before the cursor
---@return true? ok
---@return string? message
---@return string? name
function tables:find(where, options) end

---@param sort mapi.sort|nil
---@return true? ok
---@return string? message
---@return string? name
function tables:sort(sort) end

---@param where mapi.where|nil
---@return true? ok
---@return string? message
---@return string? name
function tables:restrict(where) end

---@return lightuserdata? bookmark
---@return string? message
---@return string? name
function tables:bookmark() end

---@param fn fun(event: mapi.event) called by mapi.dispatch with "table_modified" events
---@return mapi.connection? connection
---@return string? message
---@return string? name
function tables:advise(fn) end

-- ----------------------------------------------------------------------------------------------------------- messages

---@class mapi.person
---@field name? string
---@field address? string

---@class mapi.recipient: mapi.person
---@field type? "to"|"cc"|"bcc"|"orig" "to" if absent
---@field address_type? string "SMTP" if absent

---@class mapi.message: mapi.properties
local message = {}

---@return true? ok
---@return string? text
---@return string? name "MAPI_E_OBJECT_CHANGED": somebody else has saved it since it was opened
function message:save() end

--- Checks that there are recipients and queues the message in its store; nothing sends it yet.
---@return true? ok
---@return string? text
---@return string? name
function message:submit() end

---@return mapi.entryid? entryid
---@return string? text
---@return string? name
function message:entryid() end

---@return mapi.folder? folder
---@return string? text
---@return string? name
function message:folder() end

---@param property mapi.property text or binary
---@param mode? "r"|"r+"|"w" to read, to change what is there, to write anew
---@return mapi.stream? stream
---@return string? text
---@return string? name
function message:stream(property, mode) end

---@return mapi.person? sender
---@return string? text
---@return string? name
function message:from() end

---@return integer? seconds since 1970, UTC: when it was sent, else when it came
---@return string? text
---@return string? name
function message:date() end

--- Made from HTML or RTF where there is no text.
---@return string? body UTF-8
---@return string? text
---@return string? name "MAPI_E_NOT_FOUND": no body
function message:text() end

--- Made from RTF or text where there is no HTML.
---@return string? body UTF-8
---@return string? text
---@return string? name "MAPI_E_NOT_FOUND": no body
function message:html() end

---@return string? headers
---@return string? text
---@return string? name
function message:headers() end

---@return mapi.recipient[]? recipients
---@return string? text
---@return string? name
function message:recipients() end

---@param recipients mapi.recipient[] instead of those there are; each with a name or an address
---@return true? ok
---@return string? text
---@return string? name
function message:set_recipients(recipients) end

---@return fun(self: mapi.message): mapi.attachment
---@return mapi.message
function message:attachments() end

---@param options { name?: string, data?: string, path?: string, type?: string } one of data and path
---@return mapi.attachment? attachment kept when the message is saved
---@return string? text
---@return string? name
function message:attach(options) end

---@param options? { to?: file*, bcc?: boolean } Bcc is left out unless asked for
---@return string|true|nil rfc5322
---@return string? text
---@return string? name
function message:export(options) end

---@class mapi.attachment: mapi.properties
local attachment = {}

---@return string? file_name
---@return string? message
---@return string? name
function attachment:name() end

---@return string? data
---@return string? message
---@return string? name
function attachment:data() end

---@param mode? "r"|"r+"|"w"
---@return mapi.stream? stream
---@return string? message
---@return string? name
function attachment:stream(mode) end

---@return mapi.message? embedded
---@return string? message
---@return string? name
function attachment:message() end

--- Makes what was changed in the attachment part of its message; it lasts once that is saved too.
---@return true?
---@return string? message
---@return string? name
function attachment:save() end

---@class mapi.stream: mapi.object
local stream = {}

--- As a Lua file's read.
---@param ... integer|"a"|"l"|"L" bytes, the rest, a line, a line with its end; nothing: the rest
---@return string? bytes nil at the end; one for each format
---@return string? ...
function stream:read(...) end

--- Strings, one after the other; of a text property UTF-8 without NUL.
---@param ... string|number
---@return true? ok
---@return string? message
---@return string? name "STG_E_ACCESSDENIED": it was opened for reading
function stream:write(...) end

---@param whence? "set"|"cur"|"end"
---@param offset? integer
---@return integer? position
---@return string? message
---@return string? name
function stream:seek(whence, offset) end

---@return integer? bytes
---@return string? message
---@return string? name
function stream:size() end

--- What was written becomes part of the object; so it does when the stream is closed.
---@return true? ok
---@return string? message
---@return string? name
function stream:commit() end

return mapi
