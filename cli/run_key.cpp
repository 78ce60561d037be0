#include "cli/run_key.hpp"

#include "lib/base/id.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ostream>

namespace nufi::cli {

using domain::Change;
using domain::KeyTerms;
using domain::KeyView;

namespace {

constexpr std::chrono::seconds kRenewEvery{10};
constexpr std::chrono::seconds kTryAgain{1};
/// While nufid hangs, signals wait that long before they are passed on.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::seconds kRevokeLimit{3};
constexpr std::chrono::milliseconds kBetweenTries{200};

/// "run-pytest-k3f9" of "/usr/bin/pytest".
std::string made_up_name(const std::string& program) {
  constexpr std::size_t kLongest = 24;
  constexpr std::size_t kMark = 4;
  std::string name;
  for (const char c : program.substr(program.rfind('/') + 1)) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    name += is_plain ? c : '-';
  }
  return "run-" + name.substr(0, kLongest) + "-" + to_lower(random_base62(kMark));
}

KeyView mint(Context& context, KeyTerms terms, std::string project, const std::string& program) {
  if (project.empty()) project = "default";  // or the parent's, wherever that is by then
  const bool is_named = terms.name.sets();
  for (int tries = is_named ? 1 : 3;; --tries) {
    if (!is_named) terms.name = Change<std::string>::set(made_up_name(program));
    try {
      return context.client().create_key(project, terms);
    } catch (const Error& error) {
      if (error.code() != Errc::conflict || tries == 1) throw;
    }
  }
}

void set_variable(std::vector<std::string>& environment,
                  const std::string& name,
                  const std::string& value) {
  const std::string start = name + "=";
  std::erase_if(environment, [&](const std::string& entry) { return entry.starts_with(start); });
  environment.push_back(start + value);
}

}  // namespace

RunKey::RunKey(Context& context, KeyTerms terms, std::string project, const std::string& program)
    : context_(context), client_(context.new_client()) {
  terms.lease_seconds = Change<std::int64_t>::set(kLease.count());
  view_ = mint(context, std::move(terms), std::move(project), program);
  client_.limit_patience(kPatience);
}

RunKey::~RunKey() {
  if (is_revoked_) return;
  try {
    client_.revoke_key(id());
  } catch (const Error&) {
    // The end of its lease ends it.
  }
}

std::chrono::milliseconds RunKey::renew() {
  try {
    client_.renew_lease(id(), kLease);
    return kRenewEvery;
  } catch (const Error& error) {
    const bool is_over = error.code() == Errc::conflict || error.code() == Errc::not_found;
    if (!is_over) return kTryAgain;
    context_.note(fmt::format("nufi: the key '{}' of this run has ended; its calls are refused",
                              printable(view_.key.name)));
    return std::chrono::milliseconds(0);
  }
}

void RunKey::renew_for_long() {
  try {
    client_.renew_lease(id(), domain::kLongestLease);
  } catch (const Error&) {
    // Then it ends with the lease it has, and renew() says so.
  }
}

bool RunKey::revoke(const std::function<bool()>& hurry) {
  const SteadyTime deadline = context_.clock.steady() + kRevokeLimit;
  do {
    try {
      client_.revoke_key(id());
      is_revoked_ = true;
      return true;
    } catch (const Error& error) {
      is_revoked_ = error.code() == Errc::not_found;
      if (is_revoked_) return true;
      const bool may_pass = error.code() == Errc::unreachable || error.code() == Errc::unavailable;
      if (!may_pass || !context_.pause(kBetweenTries)) break;
    }
  } while (context_.clock.steady() < deadline && !hurry());
  is_revoked_ = true;  // nothing more is tried
  return false;
}

std::vector<std::string> environment_for(std::vector<std::string> environment,
                                         const std::string& inference_url,
                                         const KeyView& key) {
  const std::string& secret = key.secret.value().expose();
  // Anthropic's libraries add /v1 themselves.
  const auto version = inference_url.rfind("/v1");
  set_variable(environment, "OPENAI_BASE_URL", inference_url);
  set_variable(environment, "OPENAI_API_KEY", secret);
  set_variable(environment, "ANTHROPIC_BASE_URL", inference_url.substr(0, version));
  set_variable(environment, "ANTHROPIC_API_KEY", secret);
  set_variable(environment, kRunVariable, key.key.id.text());
  // Some libraries prefer its older name, and would take the key elsewhere.
  const bool has_old_name =
      std::any_of(environment.begin(), environment.end(), [](const std::string& entry) {
        return entry.starts_with("OPENAI_API_BASE=");
      });
  if (has_old_name) set_variable(environment, "OPENAI_API_BASE", inference_url);
  return environment;
}

}  // namespace nufi::cli
