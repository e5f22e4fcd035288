//! The table itself, by subject: what goes away, the life cycle, operations, security, parameters,
//! bodies, answers, schemas.

use super::{Level, Rule};
use Level::{Breaking, Info, Warning};

const FINE: &str = "Nobody has to do anything.";
const REFUSED: &str = "A caller that sends what was valid until now is refused.";
const SURPRISED: &str = "A reader gets what the old contract ruled out, and may fail on it.";
const DEPRECATE: &str = "Deprecate it (`deprecated: true`, x-deprecated-at, x-sunset at least 90 days later), release that, and remove it after the sunset.";

macro_rules! table {
    ($($name:ident $id:literal $request:ident $response:ident, $what:expr, $why_request:expr, $why_response:expr, $instead:expr;)*) => {
        $(pub(in crate::diff) static $name: Rule = Rule {
            id: $id,
            request: $request,
            response: $response,
            what: $what,
            why_request: $why_request,
            why_response: $why_response,
            instead: $instead,
        };)*
        /// All of them, in the order of the documentation.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

table! {
    OPERATION_REMOVED "operation-removed" Breaking Breaking,
        "An operation was removed that was not deprecated",
        "Its callers get 404 or 405.",
        "Its callers get 404 or 405.",
        DEPRECATE;
    OPERATION_REMOVED_BEFORE_SUNSET "operation-removed-before-sunset" Breaking Breaking,
        "An operation was removed before its sunset, or has none, or no day was given with --today",
        "Callers were promised that it stays until the sunset.",
        "Callers were promised that it stays until the sunset.",
        "Wait for the day in x-sunset; give the day of the release with --today.";
    OPERATION_REMOVED_UNANNOUNCED "operation-removed-unannounced" Breaking Breaking,
        "An operation was removed less than 90 days after a release announced it",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "Release the deprecation first, and wait for 90 days.";
    OPERATION_RETIRED "operation-retired" Info Info,
        "An operation was removed after its sunset, announced in time",
        "It was announced in time.",
        "It was announced in time.",
        "Nothing; check who still uses it before you release.";
    REMOVAL_UNRECORDED "removal-unrecorded" Warning Warning,
        "An operation was removed in time, and x-gone does not remember it",
        "Callers get a 404 like for any wrong address, and not 410 with its replacement.",
        "Callers get a 404 like for any wrong address, and not 410 with its replacement.",
        "Add it to x-gone at the root: method, path, operation, deprecated_at, sunset, replacement.";
    REMOVAL_FORGOTTEN "removal-forgotten" Warning Warning,
        "An entry of x-gone was removed",
        "Callers of the operation no longer get its replacement.",
        "Callers of the operation no longer get its replacement.",
        "Leave it; it costs nothing.";
    PARAMETER_REMOVED "parameter-removed" Breaking Breaking,
        "A parameter was removed that was not deprecated",
        "A caller that sends it is refused, or finds it ignored.",
        "A caller that sends it is refused, or finds it ignored.",
        DEPRECATE;
    PARAMETER_REMOVED_BEFORE_SUNSET "parameter-removed-before-sunset" Breaking Breaking,
        "A parameter was removed before its sunset, or has none, or no day was given with --today",
        "Callers were promised that it stays until the sunset.",
        "Callers were promised that it stays until the sunset.",
        "Wait for the day in x-sunset; give the day of the release with --today.";
    PARAMETER_REMOVED_UNANNOUNCED "parameter-removed-unannounced" Breaking Breaking,
        "A parameter was removed less than 90 days after a release announced it",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "Release the deprecation first, and wait for 90 days.";
    PARAMETER_RETIRED "parameter-retired" Info Info,
        "A parameter was removed after its sunset, announced in time",
        "It was announced in time.",
        "It was announced in time.",
        "Nothing; check who still uses it before you release.";
    PROPERTY_REMOVED "property-removed" Breaking Breaking,
        "A property was removed that was not deprecated",
        "A caller that sends it is refused, or finds it ignored.",
        "A reader that relies on it finds nothing.",
        DEPRECATE;
    PROPERTY_REMOVED_BEFORE_SUNSET "property-removed-before-sunset" Breaking Breaking,
        "A property was removed before its sunset, or has none, or no day was given with --today",
        "Callers were promised that it stays until the sunset.",
        "Callers were promised that it stays until the sunset.",
        "Wait for the day in x-sunset; give the day of the release with --today.";
    PROPERTY_REMOVED_UNANNOUNCED "property-removed-unannounced" Breaking Breaking,
        "A property was removed less than 90 days after a release announced it",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "Release the deprecation first, and wait for 90 days.";
    PROPERTY_RETIRED "property-retired" Info Info,
        "A property was removed after its sunset, announced in time",
        "It was announced in time.",
        "It was announced in time.",
        "Nothing; check who still uses it before you release.";
    HEADER_REMOVED "header-removed" Breaking Breaking,
        "A header of an answer was removed that was not deprecated",
        "A reader that relies on it finds nothing.",
        "A reader that relies on it finds nothing.",
        DEPRECATE;
    HEADER_REMOVED_BEFORE_SUNSET "header-removed-before-sunset" Breaking Breaking,
        "A header of an answer was removed before its sunset, or has none, or no day was given with --today",
        "Callers were promised that it stays until the sunset.",
        "Callers were promised that it stays until the sunset.",
        "Wait for the day in x-sunset; give the day of the release with --today.";
    HEADER_REMOVED_UNANNOUNCED "header-removed-unannounced" Breaking Breaking,
        "A header of an answer was removed less than 90 days after a release announced it",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "Release the deprecation first, and wait for 90 days.";
    HEADER_RETIRED "header-retired" Info Info,
        "A header of an answer was removed after its sunset, announced in time",
        "It was announced in time.",
        "It was announced in time.",
        "Nothing; check who still uses it before you release.";
    ENUM_VALUE_REMOVED "enum-value-removed" Breaking Warning,
        "A value of an enumeration was removed that was not deprecated",
        "A caller that sends it is refused.",
        "A reader waits for a value that no longer comes.",
        DEPRECATE;
    ENUM_VALUE_REMOVED_BEFORE_SUNSET "enum-value-removed-before-sunset" Breaking Warning,
        "A value of an enumeration was removed before its sunset, or has none, or no day was given with --today",
        "Callers were promised that it stays until the sunset.",
        "Callers were promised that it stays until the sunset.",
        "Wait for the day in x-sunset; give the day of the release with --today.";
    ENUM_VALUE_REMOVED_UNANNOUNCED "enum-value-removed-unannounced" Breaking Warning,
        "A value of an enumeration was removed less than 90 days after a release announced it",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "What counts is the day on which callers could read the announcement, not the one written into it.",
        "Release the deprecation first, and wait for 90 days.";
    ENUM_VALUE_RETIRED "enum-value-retired" Info Info,
        "A value of an enumeration was removed after its sunset, announced in time",
        "It was announced in time.",
        "It was announced in time.",
        "Nothing; check who still uses it before you release.";
    DEPRECATED "deprecated" Info Info,
        "Something is deprecated now",
        "Callers have until its sunset to move on.",
        "Callers have until its sunset to move on.",
        "Nothing; name its replacement in x-replacement.";
    UNDEPRECATED "undeprecated" Info Info,
        "Something is no longer deprecated",
        "It stays.",
        "It stays.",
        "Nothing.";
    DEPRECATION_UNDATED "deprecation-undated" Warning Warning,
        "Something is deprecated without x-deprecated-at or x-sunset",
        "Nobody knows how long it stays, and it cannot be removed.",
        "Nobody knows how long it stays, and it cannot be removed.",
        "Add x-deprecated-at (the day of the release) and x-sunset (90 days later or more).";
    DEPRECATION_BACKDATED "deprecation-backdated" Breaking Breaking,
        "The announcement is dated before today",
        "The 90 days begin when callers can read it, not before.",
        "The 90 days begin when callers can read it, not before.",
        "Set x-deprecated-at to the day of the release.";
    SUNSET_TOO_SOON "sunset-too-soon" Breaking Breaking,
        "The sunset is less than 90 days after the announcement",
        "Callers are promised 90 days.",
        "Callers are promised 90 days.",
        "Move x-sunset to a later day.";
    SUNSET_IN_PAST "sunset-in-past" Breaking Breaking,
        "A sunset was set to a day that has passed",
        "Nobody could act on it in time.",
        "Nobody could act on it in time.",
        "Set it to a day at least 90 days from now.";
    SUNSET_MOVED_EARLIER "sunset-moved-earlier" Breaking Breaking,
        "A sunset was moved to an earlier day",
        "Callers planned with the day that they were given.",
        "Callers planned with the day that they were given.",
        "Leave it; a sunset may only move later.";
    SUNSET_MOVED_LATER "sunset-moved-later" Info Info,
        "A sunset was moved to a later day",
        FINE,
        FINE,
        "Nothing.";
    SUNSET_REMOVED "sunset-removed" Warning Warning,
        "A deprecated thing lost its sunset",
        "Callers that planned with the day learn nothing of the new one.",
        "Callers that planned with the day learn nothing of the new one.",
        "Move it to a later day, or take the deprecation back.";
    ANNOUNCEMENT_CHANGED "announcement-changed" Breaking Breaking,
        "The day of an announcement was changed after it was made",
        "The 90 days are counted from it; history is not rewritten.",
        "The 90 days are counted from it; history is not rewritten.",
        "Leave x-deprecated-at as it was released.";
    OPERATION_ADDED "operation-added" Info Info,
        "An operation was added",
        FINE,
        FINE,
        "Nothing.";
    OPERATION_ID_CHANGED "operation-id-changed" Warning Warning,
        "An operation has another operationId",
        "Requests stay the same, but the method of every generated client is renamed.",
        "Requests stay the same, but the method of every generated client is renamed.",
        "Keep the operationId.";
    DOCUMENTATION_CHANGED "documentation-changed" Info Info,
        "Words for people changed: titles, descriptions, examples, tags",
        FINE,
        FINE,
        "Nothing.";
    EXTENSION_CHANGED "extension-changed" Info Info,
        "An extension without its own rule changed",
        "Tools that read it may behave differently.",
        "Tools that read it may behave differently.",
        "Nothing, if no consumer reads it.";
    UNKNOWN_KEYWORD_CHANGED "unknown-keyword-changed" Warning Warning,
        "A keyword changed that the comparison knows no rule for",
        "Its effect on callers is unknown.",
        "Its effect on callers is unknown.",
        "Check by hand what it means.";
    CONSUMER_ADDED "consumer-added" Info Info,
        "A consumer was added to an operation",
        FINE,
        FINE,
        "Nothing.";
    CONSUMER_REMOVED "consumer-removed" Breaking Breaking,
        "A consumer was taken from an operation",
        "Its next client no longer has the operation.",
        "Its next client no longer has the operation.",
        "Deprecate the operation for it, and take it away after the sunset in a new version.";
    PERMISSION_ADDED "permission-added" Breaking Breaking,
        "An operation needs a permission now and needed none",
        "Users without the permission are refused.",
        "Users without the permission are refused.",
        "Grant it to every role that could call it, announce it, and bring it with a new version.";
    PERMISSION_STATED "permission-stated" Warning Warning,
        "An operation states the permission that its scope grants to keys, and stated none",
        "Users without the permission are refused, if the server did not ask for it before.",
        "Users without the permission are refused, if the server did not ask for it before.",
        "Check that the server asked for it before; if not, bring it with a new version.";
    PERMISSION_CHANGED "permission-changed" Breaking Breaking,
        "An operation needs another permission",
        "Users that hold only the old one are refused.",
        "Users that hold only the old one are refused.",
        "Keep the old permission, or let either suffice.";
    PERMISSION_REMOVED "permission-removed" Info Info,
        "An operation needs no permission any more",
        "More users can call it than before.",
        "More users can call it than before.",
        "Check that this is meant.";
    ERROR_CODE_ADDED "error-code-added" Info Info,
        "An operation may answer with another error code",
        "Clients know it as an unknown code until they are generated again.",
        "Clients know it as an unknown code until they are generated again.",
        "Nothing; codes may be added.";
    ERROR_CODE_REMOVED "error-code-removed" Warning Warning,
        "An operation no longer answers with an error code",
        "A caller that branches on it waits for a code that no longer comes.",
        "A caller that branches on it waits for a code that no longer comes.",
        "Keep answering with it.";
    ERROR_CODE_STATUS_CHANGED "error-code-status-changed" Breaking Breaking,
        "An error code comes with another status",
        "A caller that branches on the status misunderstands it.",
        "A caller that branches on the status misunderstands it.",
        "Add a new code with the new status.";
    ERROR_CODE_CONTEXT_ADDED "error-code-context-added" Info Info,
        "The context of an error code holds more",
        FINE,
        FINE,
        "Nothing.";
    ERROR_CODE_CONTEXT_REMOVED "error-code-context-removed" Breaking Breaking,
        "The context of an error code holds less",
        "A caller that reads it finds nothing.",
        "A caller that reads it finds nothing.",
        "Keep filling it.";
    SECURITY_REQUIRED "security-required" Breaking Breaking,
        "A public operation needs credentials now",
        "Callers without credentials are refused.",
        "Callers without credentials are refused.",
        "Bring it with a new version, or add another operation.";
    SECURITY_DROPPED "security-dropped" Warning Warning,
        "An operation needs no credentials any more",
        "Everybody can call it.",
        "Everybody can call it.",
        "Check that this is meant.";
    SECURITY_ALTERNATIVE_REMOVED "security-alternative-removed" Breaking Breaking,
        "An alternative of `security` was removed",
        "Callers with only these credentials are refused.",
        "Callers with only these credentials are refused.",
        "Keep it until its callers have moved on.";
    SECURITY_ALTERNATIVE_ADDED "security-alternative-added" Info Info,
        "An alternative of `security` was added",
        FINE,
        FINE,
        "Nothing.";
    SECURITY_SCOPE_REQUIRED "security-scope-required" Breaking Breaking,
        "A token needs a scope that it did not need",
        "Tokens that were issued without it are refused.",
        "Tokens that were issued without it are refused.",
        "Let the old scopes suffice, and require the new one for new operations only.";
    SECURITY_SCOPE_DROPPED "security-scope-dropped" Info Info,
        "A token needs fewer scopes",
        FINE,
        FINE,
        "Nothing.";
    SECURITY_SCHEME_CHANGED "security-scheme-changed" Breaking Breaking,
        "Credentials travel in another way (type, scheme, name or place)",
        "Callers send them as before and are refused.",
        "Callers send them as before and are refused.",
        "Add a second scheme and accept both.";
    SECURITY_ENDPOINT_CHANGED "security-endpoint-changed" Warning Warning,
        "An address of a security scheme changed",
        "Callers that keep the old address cannot get tokens there.",
        "Callers that keep the old address cannot get tokens there.",
        "Keep the old address working.";
    OAUTH_FLOW_ADDED "oauth-flow-added" Info Info,
        "Tokens can be had in another way",
        FINE,
        FINE,
        "Nothing.";
    OAUTH_FLOW_REMOVED "oauth-flow-removed" Breaking Breaking,
        "One way to get tokens is gone",
        "Callers that use it get no tokens.",
        "Callers that use it get no tokens.",
        "Keep it until its callers have moved on.";
    OAUTH_SCOPE_ADDED "oauth-scope-added" Info Info,
        "There is another scope to ask for",
        FINE,
        FINE,
        "Nothing.";
    OAUTH_SCOPE_REMOVED "oauth-scope-removed" Breaking Breaking,
        "A scope can no longer be asked for",
        "Callers that ask for it are refused a token.",
        "Callers that ask for it are refused a token.",
        "Keep it, even if it means nothing any more.";
    SERVER_ADDED "server-added" Info Info,
        "There is another server",
        FINE,
        FINE,
        "Nothing.";
    SERVER_REMOVED "server-removed" Breaking Breaking,
        "A server is gone",
        "Callers of its address reach nothing.",
        "Callers of its address reach nothing.",
        "Keep it answering until its callers have moved on.";
    SERVER_CHANGED "server-changed" Warning Warning,
        "The variables of a server changed",
        "Callers that fill them in as before may reach another server.",
        "Callers that fill them in as before may reach another server.",
        "Keep the old values, and the old default.";
    MEDIA_TYPE_NAME_CHANGED "media-type-name-changed" Breaking Breaking,
        "The vendor name in the media types changed",
        "Callers ask for a version by this name and get 406.",
        "Callers ask for a version by this name and get 406.",
        "Keep the name.";
    PREVIEW_BEGUN "preview-begun" Breaking Breaking,
        "A version that was released is marked as a preview",
        "Its callers were promised that nothing breaks; of a preview nothing is promised.",
        "Its callers were promised that nothing breaks; of a preview nothing is promised.",
        "Mark a new version as a preview (`x-preview: true` under `info`), and leave this one.";
    PREVIEW_ENDED "preview-ended" Info Info,
        "A version is no longer a preview",
        FINE,
        FINE,
        "From the next release on, keep its content.";
    DIALECT_CHANGED "dialect-changed" Warning Warning,
        "The schemas are written in another dialect",
        "The same words may mean something else.",
        "The same words may mean something else.",
        "Stay with the default dialect.";
    WEBHOOK_ADDED "webhook-added" Info Info,
        "There is another webhook, or callback",
        FINE,
        FINE,
        "Nothing.";
    WEBHOOK_REMOVED "webhook-removed" Breaking Breaking,
        "A webhook, or callback, is gone",
        "Its subscribers wait for messages that no longer come.",
        "Its subscribers wait for messages that no longer come.",
        DEPRECATE;
    LINK_CHANGED "link-changed" Warning Warning,
        "A link between operations changed",
        "Callers that follow links go elsewhere.",
        "Callers that follow links go elsewhere.",
        "Add a link beside it.";
    PARAMETER_ADDED "parameter-added" Info Info,
        "An optional parameter was added",
        FINE,
        FINE,
        "Nothing.";
    REQUIRED_PARAMETER_ADDED "required-parameter-added" Breaking Breaking,
        "A required parameter was added",
        "No caller sends it yet; all are refused.",
        "No caller sends it yet; all are refused.",
        "Make it optional, with a default that keeps the old behaviour.";
    PARAMETER_BECAME_REQUIRED "parameter-became-required" Breaking Breaking,
        "An optional parameter is required now",
        "Callers that leave it out are refused.",
        "Callers that leave it out are refused.",
        "Keep it optional, with a default.";
    PARAMETER_BECAME_OPTIONAL "parameter-became-optional" Info Info,
        "A required parameter is optional now",
        FINE,
        FINE,
        "Nothing.";
    PARAMETER_MOVED "parameter-moved" Breaking Breaking,
        "A parameter is sent in another place",
        "Callers send it where it was, and are refused.",
        "Callers send it where it was, and are refused.",
        "Accept it in both places, and deprecate the old one.";
    PARAMETER_STYLE_CHANGED "parameter-style-changed" Breaking Breaking,
        "A parameter is written in another style",
        "What callers write is read as something else.",
        "What callers write is read as something else.",
        "Add a parameter of another name.";
    PARAMETER_CHARACTERS_REFUSED "parameter-characters-refused" Breaking Breaking,
        "A parameter no longer takes reserved characters or empty values",
        "Callers that send them are refused, or misread.",
        "Callers that send them are refused, or misread.",
        "Keep taking them.";
    PARAMETER_CHARACTERS_ALLOWED "parameter-characters-allowed" Info Info,
        "A parameter takes reserved characters or empty values",
        FINE,
        FINE,
        "Nothing.";
    REQUEST_BODY_ADDED "request-body-added" Info Info,
        "An operation takes a body, which may be left out",
        FINE,
        FINE,
        "Nothing.";
    REQUIRED_REQUEST_BODY_ADDED "required-request-body-added" Breaking Breaking,
        "An operation needs a body and took none",
        "No caller sends one yet; all are refused.",
        "No caller sends one yet; all are refused.",
        "Make it optional.";
    REQUEST_BODY_REMOVED "request-body-removed" Breaking Breaking,
        "An operation takes no body any more",
        "Callers that send one are refused, or find it ignored.",
        "Callers that send one are refused, or find it ignored.",
        "Keep taking it; add another operation.";
    REQUEST_BODY_BECAME_REQUIRED "request-body-became-required" Breaking Breaking,
        "A body may no longer be left out",
        "Callers that leave it out are refused.",
        "Callers that leave it out are refused.",
        "Keep it optional.";
    REQUEST_BODY_BECAME_OPTIONAL "request-body-became-optional" Info Info,
        "A body may be left out",
        FINE,
        FINE,
        "Nothing.";
    MEDIA_TYPE_ADDED "media-type-added" Info Info,
        "A body comes in another media type, too",
        FINE,
        FINE,
        "Nothing.";
    MEDIA_TYPE_REMOVED "media-type-removed" Breaking Breaking,
        "A body no longer comes in a media type",
        "Callers that send it get 415.",
        "Callers that ask for it get 406, or what they cannot read.",
        "Keep it beside the new one.";
    SCHEMA_ADDED "schema-added" Breaking Info,
        "A body has a schema now and had none",
        REFUSED,
        FINE,
        "Let the schema allow the values that were sent until now.";
    SCHEMA_REMOVED "schema-removed" Info Warning,
        "A body has no schema any more",
        FINE,
        SURPRISED,
        "Keep the schema.";
    ENCODING_CHANGED "encoding-changed" Breaking Breaking,
        "The parts of a form are written in another way",
        "What callers write is read as something else.",
        "Readers take it for something else.",
        "Add another media type.";
    RAW_BODY_CHANGED "raw-body-changed" Info Info,
        "The body is, or is no longer, taken as bytes",
        "Requests stay the same; the handler changes.",
        "Requests stay the same; the handler changes.",
        "Nothing.";
    RESPONSE_ADDED "response-added" Info Info,
        "There is another answer, of failure",
        FINE,
        FINE,
        "Nothing.";
    SUCCESS_RESPONSE_ADDED "success-response-added" Warning Warning,
        "There is another answer of success",
        "A reader that knows only the old ones may take it for a failure.",
        "A reader that knows only the old ones may take it for a failure.",
        "Answer it only to those who ask for it.";
    RESPONSE_REMOVED "response-removed" Info Info,
        "An answer of failure is gone",
        FINE,
        FINE,
        "Nothing.";
    SUCCESS_RESPONSE_REMOVED "success-response-removed" Breaking Breaking,
        "An answer of success is gone",
        "A reader that waits for it finds nothing.",
        "A reader that waits for it finds nothing.",
        "Keep answering it; add another operation.";
    HEADER_ADDED "header-added" Info Info,
        "An answer has another header",
        FINE,
        FINE,
        "Nothing.";
    HEADER_BECAME_REQUIRED "header-became-required" Info Info,
        "A header is always there now",
        FINE,
        FINE,
        "Nothing.";
    HEADER_BECAME_OPTIONAL "header-became-optional" Breaking Breaking,
        "A header may be missing now",
        "A reader that relies on it finds nothing.",
        "A reader that relies on it finds nothing.",
        "Keep sending it.";
    TYPE_NARROWED "type-narrowed" Breaking Info,
        "Fewer types are valid",
        REFUSED,
        FINE,
        "Add another property, parameter or operation for the new type.";
    TYPE_WIDENED "type-widened" Info Breaking,
        "More types are valid",
        FINE,
        SURPRISED,
        "Add another property for the new type.";
    TYPE_CHANGED "type-changed" Breaking Breaking,
        "Another type is valid",
        REFUSED,
        SURPRISED,
        "Add another property, parameter or operation for the new type.";
    NULLABLE_REMOVED "nullable-removed" Breaking Info,
        "Null is no longer valid",
        REFUSED,
        FINE,
        "Keep accepting null, and treat it like an absent value.";
    NULLABLE_ADDED "nullable-added" Info Breaking,
        "Null is valid now",
        FINE,
        "A reader gets null where there was always a value.",
        "Leave the property out instead, if it was optional, or add another.";
    ENUM_VALUE_ADDED "enum-value-added" Info Breaking,
        "A closed enumeration has another value",
        FINE,
        "A reader that was told of all values meets one that it does not know.",
        "Make it an x-extensible-enum in a new version; add another property until then.";
    EXTENSIBLE_VALUE_ADDED "extensible-value-added" Info Info,
        "An enumeration that may grow has another value",
        FINE,
        "Readers know that others may come.",
        "Nothing.";
    ENUM_ADDED "enum-added" Breaking Info,
        "Only some values are valid now",
        REFUSED,
        FINE,
        "Let other values stay valid: x-extensible-enum.";
    ENUM_LIFTED "enum-lifted" Info Breaking,
        "Any value is valid where some were listed",
        FINE,
        SURPRISED,
        "Keep the list in answers.";
    ENUM_OPENED "enum-opened" Info Breaking,
        "An enumeration that was closed may grow now",
        FINE,
        "A reader that was told of all values meets one that it does not know.",
        "Open it in a new version.";
    ENUM_CLOSED "enum-closed" Breaking Info,
        "An enumeration that could grow is closed now",
        REFUSED,
        FINE,
        "Leave it open.";
    MIN_LENGTH_TIGHTENED "min-length-tightened" Breaking Info,
        "The shortest length was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MIN_LENGTH_LOOSENED "min-length-loosened" Info Warning,
        "The shortest length was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MAX_LENGTH_TIGHTENED "max-length-tightened" Breaking Info,
        "The longest length was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MAX_LENGTH_LOOSENED "max-length-loosened" Info Warning,
        "The longest length was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MIN_ITEMS_TIGHTENED "min-items-tightened" Breaking Info,
        "The least number of items was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MIN_ITEMS_LOOSENED "min-items-loosened" Info Warning,
        "The least number of items was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MAX_ITEMS_TIGHTENED "max-items-tightened" Breaking Info,
        "The greatest number of items was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MAX_ITEMS_LOOSENED "max-items-loosened" Info Warning,
        "The greatest number of items was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MIN_PROPERTIES_TIGHTENED "min-properties-tightened" Breaking Info,
        "The least number of properties was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MIN_PROPERTIES_LOOSENED "min-properties-loosened" Info Warning,
        "The least number of properties was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MAX_PROPERTIES_TIGHTENED "max-properties-tightened" Breaking Info,
        "The greatest number of properties was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MAX_PROPERTIES_LOOSENED "max-properties-loosened" Info Warning,
        "The greatest number of properties was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MINIMUM_TIGHTENED "minimum-tightened" Breaking Info,
        "The least value was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MINIMUM_LOOSENED "minimum-loosened" Info Warning,
        "The least value was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MAXIMUM_TIGHTENED "maximum-tightened" Breaking Info,
        "The greatest value was set or tightened",
        REFUSED,
        FINE,
        "Keep the old bound for requests; warn in another way.";
    MAXIMUM_LOOSENED "maximum-loosened" Info Warning,
        "The greatest value was loosened or lifted",
        FINE,
        "A reader that relies on the bound (a column, a buffer) gets more than fits.",
        "Keep the old bound for answers.";
    MULTIPLE_OF_TIGHTENED "multiple-of-tightened" Breaking Info,
        "Values must be multiples of a number, or of a larger one",
        REFUSED,
        FINE,
        "Round on the server.";
    MULTIPLE_OF_LOOSENED "multiple-of-loosened" Info Warning,
        "Values need not be multiples of a number, or of a smaller one",
        FINE,
        SURPRISED,
        "Keep rounding in answers.";
    MULTIPLE_OF_CHANGED "multiple-of-changed" Breaking Warning,
        "Values must be multiples of another number",
        REFUSED,
        SURPRISED,
        "Round on the server.";
    PATTERN_ADDED "pattern-added" Breaking Info,
        "A text must match a pattern",
        REFUSED,
        FINE,
        "Accept the values that were valid and convert them on the server.";
    PATTERN_REMOVED "pattern-removed" Info Warning,
        "A text need not match a pattern",
        FINE,
        SURPRISED,
        "Keep the pattern in answers.";
    PATTERN_CHANGED "pattern-changed" Breaking Warning,
        "A text must match another pattern",
        REFUSED,
        SURPRISED,
        "Let the new pattern match all that the old one did.";
    FORMAT_ADDED "format-added" Breaking Info,
        "A value must have a format",
        REFUSED,
        FINE,
        "Accept the values that were valid and convert them on the server.";
    FORMAT_REMOVED "format-removed" Info Warning,
        "A value has no format any more",
        FINE,
        SURPRISED,
        "Keep the format in answers.";
    FORMAT_CHANGED "format-changed" Breaking Breaking,
        "A value has another format",
        REFUSED,
        SURPRISED,
        "Add another property or parameter with the new format.";
    FORMAT_NARROWED "format-narrowed" Breaking Info,
        "A number has a smaller format",
        REFUSED,
        FINE,
        "Keep the format.";
    FORMAT_WIDENED "format-widened" Info Breaking,
        "A number has a larger format",
        FINE,
        "A reader that keeps it in the smaller type overflows.",
        "Add another property with the larger format.";
    CONTENT_CHANGED "content-changed" Breaking Breaking,
        "A text holds a document of another kind, or written in another way",
        REFUSED,
        SURPRISED,
        "Add another property or parameter.";
    UNIQUE_ITEMS_ADDED "unique-items-added" Breaking Info,
        "A list may no longer hold an item twice",
        REFUSED,
        FINE,
        "Remove duplicates on the server.";
    UNIQUE_ITEMS_REMOVED "unique-items-removed" Info Warning,
        "A list may hold an item twice",
        FINE,
        SURPRISED,
        "Keep answers free of duplicates.";
    CONTAINS_ADDED "contains-added" Breaking Info,
        "A list must hold certain items",
        REFUSED,
        FINE,
        "Check it for new data only.";
    CONTAINS_REMOVED "contains-removed" Info Warning,
        "A list need not hold certain items",
        FINE,
        SURPRISED,
        "Keep it for answers.";
    CONTAINS_CHANGED "contains-changed" Breaking Warning,
        "A list must hold other items, or another number of them",
        REFUSED,
        SURPRISED,
        "Keep accepting the values that were valid.";
    UNEVALUATED_REFUSED "unevaluated-refused" Breaking Info,
        "Members that no part of a schema names are refused now",
        REFUSED,
        FINE,
        "Keep taking it.";
    UNEVALUATED_ALLOWED "unevaluated-allowed" Info Warning,
        "Members that no part of a schema names are valid now",
        FINE,
        SURPRISED,
        "Keep it out of answers.";
    PROPERTY_ADDED "property-added" Info Info,
        "An optional property was added",
        FINE,
        "Readers ignore what they do not know.",
        "Nothing.";
    CLOSED_PROPERTY_ADDED "closed-property-added" Info Warning,
        "An optional property was added to an object that said it has no others",
        FINE,
        "A reader that holds answers strictly against the old contract refuses it.",
        "Leave `additionalProperties: false` out of answers, so that they may grow.";
    REQUIRED_PROPERTY_ADDED "required-property-added" Breaking Info,
        "A required property was added",
        "No caller sends it yet; all are refused.",
        "It is always there; readers ignore what they do not know.",
        "Make it optional, with a default that keeps the old behaviour.";
    PROPERTY_BECAME_REQUIRED "property-became-required" Breaking Info,
        "An optional property is required now",
        "Callers that leave it out are refused.",
        FINE,
        "Keep it optional, with a default.";
    PROPERTY_BECAME_OPTIONAL "property-became-optional" Info Breaking,
        "A required property may be missing now",
        FINE,
        "A reader that relies on it finds nothing.",
        "Keep answering it.";
    READ_ONLY_ADDED "read-only-added" Breaking Info,
        "A property can no longer be sent",
        "A caller that sends it is refused, or finds it ignored.",
        FINE,
        "Keep taking it, and deprecate it in requests.";
    READ_ONLY_REMOVED "read-only-removed" Info Info,
        "A property can be sent now",
        FINE,
        FINE,
        "Nothing.";
    WRITE_ONLY_ADDED "write-only-added" Info Breaking,
        "A property is no longer answered",
        FINE,
        "A reader that relies on it finds nothing.",
        DEPRECATE;
    WRITE_ONLY_REMOVED "write-only-removed" Info Info,
        "A property is answered now",
        FINE,
        "Readers ignore what they do not know.",
        "Check that it is no secret.";
    OPEN_PROPERTY_NAMED "open-property-named" Warning Info,
        "A property was named in an object that holds any other",
        "Callers may use the name for something of their own, which the new schema may refuse.",
        FINE,
        "Choose an unused name.";
    ADDITIONAL_PROPERTIES_REFUSED "additional-properties-refused" Breaking Info,
        "Properties that are not named are refused now",
        REFUSED,
        FINE,
        "Keep ignoring them.";
    ADDITIONAL_PROPERTIES_ALLOWED "additional-properties-allowed" Info Warning,
        "Properties that are not named are valid now",
        FINE,
        "A reader that was told of all properties meets one that it does not know.",
        "Name the properties that come.";
    OPEN_MARK_REMOVED "open-mark-removed" Warning Info,
        "`additionalProperties: true` is gone",
        "A server that is generated from the contract refuses what is not named, unless it says otherwise.",
        FINE,
        "Keep it.";
    OPEN_MARK_ADDED "open-mark-added" Info Info,
        "`additionalProperties: true` was added",
        FINE,
        FINE,
        "Nothing.";
    PATTERN_PROPERTIES_CHANGED "pattern-properties-changed" Breaking Warning,
        "Properties whose names match a pattern are held against another schema",
        REFUSED,
        SURPRISED,
        "Name the new ones one by one.";
    PROPERTY_NAMES_ADDED "property-names-added" Breaking Info,
        "Names of properties must match a schema",
        REFUSED,
        FINE,
        "Let the names that are in use stay valid.";
    PROPERTY_NAMES_REMOVED "property-names-removed" Info Warning,
        "Names of properties need not match a schema",
        FINE,
        SURPRISED,
        "Keep it for answers.";
    DEPENDENCY_ADDED "dependency-added" Breaking Info,
        "A property requires another, or another schema",
        REFUSED,
        FINE,
        "Fill in the missing value on the server.";
    DEPENDENCY_REMOVED "dependency-removed" Info Warning,
        "A property no longer requires another, or another schema",
        FINE,
        SURPRISED,
        "Keep it for answers.";
    VARIANT_ADDED "variant-added" Info Breaking,
        "There is another variant",
        FINE,
        "A reader meets a variant that it does not know.",
        "Answer it only to those who ask for it, or in a new version.";
    VARIANT_REMOVED "variant-removed" Breaking Info,
        "A variant is gone",
        REFUSED,
        FINE,
        "Keep it; announce its replacement in the description, and remove it in a new version.";
    VARIANTS_MAY_OVERLAP "variants-may-overlap" Breaking Warning,
        "A value may match two variants of which only one may match",
        "A caller that sends what was valid until now may be refused, since it fits a second variant.",
        SURPRISED,
        "Use anyOf, a discriminator, or a property that tells the variants apart.";
    ONE_OF_BECAME_ANY_OF "one-of-became-any-of" Info Warning,
        "Several variants may match at once",
        FINE,
        SURPRISED,
        "Keep oneOf.";
    ANY_OF_BECAME_ONE_OF "any-of-became-one-of" Breaking Info,
        "Only one variant may match",
        REFUSED,
        FINE,
        "Keep anyOf.";
    DISCRIMINATOR_CHANGED "discriminator-changed" Breaking Breaking,
        "Another property chooses the variant",
        "What callers send is read as another variant, or refused.",
        "Readers look at a property that no longer tells.",
        "Keep the property, beside the new one.";
    DISCRIMINATOR_ADDED "discriminator-added" Warning Info,
        "A property chooses the variant now",
        "It must be there and hold a known value from now on.",
        FINE,
        "Check that every variant had it.";
    DISCRIMINATOR_REMOVED "discriminator-removed" Info Warning,
        "No property chooses the variant any more",
        FINE,
        "Readers that choose by it are left alone.",
        "Keep it.";
    DISCRIMINATOR_VALUE_CHANGED "discriminator-value-changed" Breaking Breaking,
        "A variant is chosen by another value",
        "Callers that send the old value are refused.",
        "Readers do not know the new value.",
        "Keep the old value in the mapping beside the new one.";
    NOT_ADDED "not-added" Breaking Info,
        "Some values are ruled out now",
        REFUSED,
        FINE,
        "Keep taking them.";
    NOT_REMOVED "not-removed" Info Warning,
        "Some values are no longer ruled out",
        FINE,
        SURPRISED,
        "Keep them out of answers.";
    NOT_CHANGED "not-changed" Breaking Warning,
        "Other values are ruled out",
        REFUSED,
        SURPRISED,
        "Keep accepting the values that were valid.";
    CONDITION_ADDED "condition-added" Breaking Info,
        "A condition holds (`if`)",
        REFUSED,
        FINE,
        "Check it for new data only.";
    CONDITION_REMOVED "condition-removed" Info Warning,
        "A condition no longer holds (`if`)",
        FINE,
        SURPRISED,
        "Keep it for answers.";
    CONDITION_CHANGED "condition-changed" Breaking Warning,
        "A condition changed (`if`)",
        REFUSED,
        SURPRISED,
        "Keep accepting the values that were valid.";
    DEFAULT_ADDED "default-added" Warning Info,
        "What is left out has a default now",
        "Callers that leave it out may get another behaviour.",
        FINE,
        "Make the earlier behaviour the default.";
    DEFAULT_CHANGED "default-changed" Breaking Warning,
        "What is left out has another default",
        "Callers that leave it out get another behaviour.",
        "Readers that fill in the default read another value.",
        "Keep the default.";
    DEFAULT_REMOVED "default-removed" Breaking Info,
        "What is left out has no default any more",
        "Callers that leave it out get another behaviour.",
        FINE,
        "Keep the default.";
    REFERENCE_CHANGED "reference-changed" Breaking Breaking,
        "A reference out of the document leads elsewhere",
        "The comparison cannot tell what changed.",
        "The comparison cannot tell what changed.",
        "Copy its target into the document.";
    TOO_ENTANGLED "too-entangled" Breaking Breaking,
        "Schemas are too entangled to be compared",
        "It is unknown whether they are the same.",
        "It is unknown whether they are the same.",
        "Untangle them: fewer allOf within allOf.";
    RECORD_TYPE_ADDED "record-type-added" Info Info,
        "There is another built-in record type",
        FINE,
        FINE,
        "Nothing.";
    RECORD_TYPE_REMOVED "record-type-removed" Breaking Breaking,
        "A built-in record type is gone",
        "Records of the type can no longer be written.",
        "Records of the type can no longer be read.",
        "Keep the type; take it away in a new version.";
    PINNED_GONE "pinned-gone" Breaking Breaking,
        "Something is gone that a consumer still relies on, however long that was announced",
        "The consumer's own tests send it (`spec/consumers/`).",
        "The consumer's own tests were answered with it (`spec/consumers/`).",
        "Change the consumer first and record its pins again (`cargo xtask pin`); `contract can-remove` tells when nobody relies on it any more.";
    UNREACHED_COMPONENT_CHANGED "unreached-component-changed" Info Info,
        "A component changed that no operation reaches",
        FINE,
        FINE,
        "Nothing, or remove it.";
}
