#include "lib/service/key_terms.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/service/spending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace nufi::service {

namespace {

constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kLongestModel = 256;

void check_count(const std::vector<std::string>& entries, std::string_view field) {
  if (entries.size() > kMostEntries) {
    throw Error(Errc::invalid, fmt::format("{} takes at most {} entries", field, kMostEntries));
  }
}

void check_at_least_one(const domain::Change<std::int64_t>& change, std::string_view field) {
  if (change.sets() && change.value() < 1) {
    throw Error(Errc::invalid,
                fmt::format("{} must be at least 1", field),
                "none takes the limit away; to stop a key: nufi keys disable");
  }
}

void apply_name(const domain::Change<std::string>& name, domain::Key& key) {
  if (name.keeps()) return;
  check_name(name.value(), domain::KeyTag::kPrefix);
  if (name.value().starts_with("sk-")) {
    throw Error(Errc::invalid, "name must not start with sk-, as keys do");
  }
  key.name = name.value();
}

}  // namespace

void check_models(const std::vector<std::string>& models, std::string_view field) {
  check_count(models, field);
  for (const std::string& model : models) {
    const bool is_printable = std::all_of(
        model.begin(), model.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
    if (model.empty() || model.size() > kLongestModel || !is_printable) {
      throw Error(Errc::invalid,
                  fmt::format("{} must hold model names or globs without spaces", field),
                  "for example gpt-4o-mini or gpt-4*");
    }
  }
}

void apply(const domain::KeyTerms& terms, Timestamp now, domain::Key& key) {
  apply_name(terms.name, key);
  apply(SpendTerms{terms.budget, terms.budget_period, terms.token_limit, terms.token_limit_period},
        key.limits);
  check_at_least_one(terms.rpm, "rpm");
  check_at_least_one(terms.tpm, "tpm");
  check_at_least_one(terms.max_parallel, "max_parallel");
  terms.rpm.apply_to(key.rpm);
  terms.tpm.apply_to(key.tpm);
  terms.max_parallel.apply_to(key.max_parallel);
  if (terms.allowed_models.sets()) check_models(terms.allowed_models.value(), "allowed_models");
  terms.allowed_models.apply_to(key.allowed_models);
  if (terms.allowed_ips.sets()) {
    check_count(terms.allowed_ips.value(), "allowed_ips");
    for (const std::string& block : terms.allowed_ips.value()) {
      if (domain::is_valid_cidr(block)) continue;
      throw Error(Errc::invalid,
                  "allowed_ips must hold addresses or CIDR blocks",
                  "for example 10.0.0.0/8 or 192.168.1.7");
    }
  }
  terms.allowed_ips.apply_to(key.allowed_ips);
  if (terms.expires_at.sets() && terms.expires_at.value() <= now) {
    throw Error(Errc::invalid,
                "expires_at must be in the future",
                "for example 30d, 2030-12-31 or never; to end a key now: nufi keys revoke");
  }
  terms.expires_at.apply_to(key.expires_at);
  terms.enforce.apply_to(key.enforce);
  terms.trace.apply_to(key.trace);
  if (!terms.trace.keeps()) key.trace_errors_only = false;
  terms.trace_errors_only.apply_to(key.trace_errors_only);
}

Facts facts_of(const domain::Key& key, const Names& names) {
  Facts facts;
  facts.text("name", key.name)
      .text("masked", key.masked)
      .text("project", names.project(key.project))
      .text("group", names.group(key.group))
      .limits(key.limits)
      .number("rpm", key.rpm)
      .number("tpm", key.tpm)
      .number("max_parallel", key.max_parallel)
      .list("allowed_models", key.allowed_models)
      .list("allowed_ips", key.allowed_ips)
      .time("expires_at", key.expires_at)
      .text("enforce", domain::enforce_name(key.enforce))
      .flag("trace", key.trace)
      .flag("trace_errors_only", key.trace_errors_only)
      .flag("disabled", key.disabled)
      .flag("archived", key.archived)
      .time("rotated_at", key.rotated_at)
      .time("overlap_ends_at", domain::overlap_end(key))
      .time("revoked_at", key.revoked_at)
      .text("parent", key.parent.text())
      .time("lease_expires_at", key.lease_expires_at);
  return facts;
}

AuditSubject subject_of(const domain::Key& key) {
  return {.id = key.id.text(), .name = key.name};
}

}  // namespace nufi::service
