#pragma once

#include "lib/base/error.hpp"
#include "lib/domain/audit.hpp"
#include "lib/domain/console.hpp"
#include "lib/domain/health.hpp"
#include "lib/domain/price_import.hpp"
#include "lib/domain/reprice.hpp"
#include "lib/domain/terms.hpp"
#include "lib/domain/token.hpp"
#include "lib/domain/trace.hpp"
#include "lib/domain/views.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The JSON both programs agree on (PRODUCT §4, §6, §9): values ⇄ JSON. Fields are only ever added.
/// to_json never throws on a valid value. Every …_from_json is strict: a field of the wrong type or
/// (in …_terms_from_json) an unknown one throws Error{invalid} naming the field; views read by the
/// client ignore unknown fields, so that an older nufi can read a newer nufid.
namespace nufi::api {

using Json = nlohmann::ordered_json;

Json to_json(const domain::KeyView& view);
domain::KeyView key_from_json(const Json& json);
Json to_json(const domain::KeyTerms& terms);
domain::KeyTerms key_terms_from_json(const Json& json);

/// `keys rotate`: how long the old secret serves on.
struct RotateTerms {
  std::chrono::seconds overlap{0};
};
Json to_json(const RotateTerms& terms);
RotateTerms rotate_terms_from_json(const Json& json);

/// Renewal of a lease: how long it lasts from now on.
struct LeaseTerms {
  std::chrono::seconds lease{0};
};
Json to_json(const LeaseTerms& terms);
LeaseTerms lease_terms_from_json(const Json& json);

/// `check`: a call with `tokens` of prompt.
struct CheckTerms {
  std::string model;
  std::int64_t tokens = 0;
};
Json to_json(const CheckTerms& terms);
CheckTerms check_terms_from_json(const Json& json);
/// Like the `nufi` object of limit errors, with `allowed`, `message` and what the call asks for.
Json to_json(const domain::CheckView& view);
domain::CheckView check_from_json(const Json& json);

Json to_json(const domain::AccountView& view);
domain::AccountView account_from_json(const Json& json);
Json to_json(const domain::AccountTerms& terms);
domain::AccountTerms account_terms_from_json(const Json& json);

Json to_json(const domain::ProjectView& view);
domain::ProjectView project_from_json(const Json& json);
Json to_json(const domain::ProjectTerms& terms);
domain::ProjectTerms project_terms_from_json(const Json& json);

Json to_json(const domain::GroupView& view);
domain::GroupView group_from_json(const Json& json);
Json to_json(const domain::GroupTerms& terms);
domain::GroupTerms group_terms_from_json(const Json& json);

Json to_json(const domain::TokenView& view);
domain::TokenView token_from_json(const Json& json);
Json to_json(const domain::TokenTerms& terms);
domain::TokenTerms token_terms_from_json(const Json& json);
Json to_json(const domain::ConsoleLink& link);
domain::ConsoleLink console_link_from_json(const Json& json);
/// {"code"}: what a page brings to begin a session.
Secret console_code_from_json(const Json& json);

Json to_json(const domain::AuditView& view);
domain::AuditView audit_from_json(const Json& json);

Json to_json(const domain::UpstreamView& view);
domain::UpstreamView upstream_from_json(const Json& json);
Json to_json(const domain::UpstreamTerms& terms);
domain::UpstreamTerms upstream_terms_from_json(const Json& json);
Json to_json(const domain::ProbeStep& step);
domain::ProbeStep probe_step_from_json(const Json& json);
Json to_json(const domain::LocalServer& server);
domain::LocalServer local_server_from_json(const Json& json);

Json to_json(const domain::PriceView& view);
domain::PriceView price_from_json(const Json& json);
Json to_json(const domain::PriceTerms& terms);
domain::PriceTerms price_terms_from_json(const Json& json);
Json to_json(const domain::PriceImport& report);
domain::PriceImport price_import_from_json(const Json& json);
Json to_json(const domain::RepriceTerms& terms);
domain::RepriceTerms reprice_terms_from_json(const Json& json);
Json to_json(const domain::RepriceReport& report);
domain::RepriceReport reprice_from_json(const Json& json);
Json to_json(const domain::ModelView& view);
domain::ModelView model_from_json(const Json& json);

Json to_json(const domain::UsageReport& report);
domain::UsageReport usage_from_json(const Json& json);
Json to_json(const domain::RequestView& view);
domain::RequestView request_from_json(const Json& json);
/// A trace in a list.
Json to_json(const domain::TraceHead& head);
domain::TraceHead trace_head_from_json(const Json& json);
/// All of a trace but what was said: the bodies' bytes.
Json to_json(const domain::Trace& trace);
domain::Trace trace_facts_from_json(const Json& json);
/// With what was said; bytes that are no UTF-8 are `base64`, which the client leaves alone.
Json to_json(const domain::TraceView& view);
domain::TraceView trace_from_json(const Json& json);
/// `traces on`, `off` and `errors`, for all or for one key.
struct TraceModeTerms {
  domain::TraceMode mode = domain::TraceMode::off;
  std::string key;  ///< "" = for all
};
Json to_json(const TraceModeTerms& terms);
TraceModeTerms trace_mode_terms_from_json(const Json& json);
Json to_json(const domain::TraceSettings& settings);
domain::TraceSettings trace_settings_from_json(const Json& json);

Json to_json(const domain::ProfileView& view);
domain::ProfileView profile_from_json(const Json& json);
Json to_json(const domain::StatusView& view);
domain::StatusView status_from_json(const Json& json);
Json to_json(const domain::HealthCheck& check);
domain::HealthCheck health_check_from_json(const Json& json);
/// {"checks":[…],"faults":n,"warnings":n}: what a doctor found.
Json to_json(const std::vector<domain::HealthCheck>& checks);
std::vector<domain::HealthCheck> health_from_json(const Json& json);

/// {"error":{"message","hint","code"}}: what the management API answers instead.
Json error_to_json(const Error& error);
/// The Error behind such a body; Errc::internal if it is not one.
Error error_from_json(const Json& json);

/// A JSON number in USD. Written by to_text() it is exact to 1e-9.
Json money_to_json(domain::Money amount);
domain::Money money_from_json(const Json& json, std::string_view field);

/// `json` as text, with every number exact to 1e-9 and without an exponent: the one writer for what
/// leaves a program (nlohmann's dump() prints 0.00000491 as 4.9099999999999996e-06). Amounts are
/// exact below 8 million USD, where a double's steps become wider than a nano-USD. `indent` < 0 is
/// one line.
std::string to_text(const Json& json, int indent = -1);

/// {"data": items, "next": null or a cursor}: what every list looks like. `items` is an array.
Json list_to_json(const Json& items, const std::optional<std::string>& next);

}  // namespace nufi::api
