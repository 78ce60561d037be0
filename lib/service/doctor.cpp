#include "lib/service/doctor.hpp"

#include "lib/base/error.hpp"
#include "lib/service/doctor_parts.hpp"

#include <exception>
#include <functional>
#include <string>

namespace nufi::service {

namespace {

/// Runs one part; what keeps it from looking is a finding itself.
void attempt(const std::string& name, Findings& findings, const std::function<void()>& look) {
  try {
    look();
  } catch (const Error& error) {
    findings.push_back(domain::fault(name, error.what(), error.hint()));
  } catch (const std::exception& failure) {
    findings.push_back(domain::fault(name, failure.what(), "see the log of nufid"));
  }
}

}  // namespace

std::vector<domain::HealthCheck> examine(const Context& context, const Actor& actor, bool offline) {
  Findings findings;
  if (actor.is_admin()) {
    attempt("storage.files", findings, [&] { examine_storage(context, findings); });
    attempt("machine.clock", findings, [&] { examine_machine(context, findings); });
  } else {
    findings.push_back(domain::skipped("storage.files", "only an admin may see this"));
  }
  attempt("upstreams.list", findings, [&] {
    examine_upstreams(context, actor, actor.is_admin() && !offline, findings);
  });
  attempt("prices.age", findings, [&] { examine_prices(context, findings); });
  attempt("keys.rotation", findings, [&] { examine_keys(context, actor, findings); });
  return findings;
}

}  // namespace nufi::service
