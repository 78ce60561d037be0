#include "lib/base/error.hpp"
#include "lib/service/doctor_parts.hpp"
#include "lib/service/doctor_rules.hpp"
#include "lib/service/probe_client.hpp"
#include "lib/service/probe_remedy.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/upstreams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <thread>

namespace nufi::service {

namespace {

using domain::HealthCheck;

/// So many are asked at once.
constexpr std::size_t kAtOnce = 8;

std::string name_of(const domain::Upstream& upstream) {
  return "upstreams." + upstream.name;
}

struct Answer {
  HealthCheck health;
  std::optional<HealthCheck> skew;
};

HealthCheck no_secret(const domain::ReadyUpstream& ready) {
  return domain::fault(
      name_of(ready.upstream),
      "its secret can't be read: " + ready.problem,
      fmt::format("nufid must be able to read it; or give it once: nufi upstreams edit {} "
                  "--key-stdin",
                  ready.upstream.name));
}

/// What its list of models tells: that it is there, trusted and takes the secret. Costs nothing.
Answer ask(const domain::ReadyUpstream& ready, const ProbeWay& way, const Clock& clock) {
  if (!ready.problem.empty()) return {no_secret(ready), std::nullopt};
  const std::string name = name_of(ready.upstream);
  try {
    ProbeClient client(ready, way, clock);
    const SteadyTime start = clock.steady();
    const ProbeReply reply = client.get("/models");
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - start);
    Answer answer;
    if (const auto theirs = parse_http_date(reply.date)) {
      answer.skew = judge_skew(ready.upstream.name, clock.now(), *theirs);
    }
    if (reply.status == 200) {
      answer.health = domain::healthy(name, fmt::format("answers in {} ms", ms.count()));
      return answer;
    }
    Diagnosis diagnosis = diagnose(ready, reply);
    const bool is_broken = reply.failure != NoReply::none || reply.status == 401 ||
                           reply.status == 403 || reply.status >= 500;
    if (!is_broken && diagnosis.hint.empty()) {
      diagnosis.hint = "see whether calls work: nufi upstreams test " + ready.upstream.name;
    }
    answer.health = {name,
                     is_broken ? domain::HealthState::fault : domain::HealthState::warning,
                     std::move(diagnosis.detail),
                     std::move(diagnosis.hint)};
    return answer;
  } catch (const Error& error) {  // a proxy that can't be understood
    return {domain::fault(name, error.what(), error.hint()), std::nullopt};
  }
}

/// Of all of `upstreams`, in their order.
std::vector<Answer> ask_all(const Context& context,
                            const std::vector<domain::ReadyUpstream>& upstreams) {
  ProbeWay way;
  way.ca_file = context.facts.ca_file;
  way.proxies = context.facts.proxies;
  way.connect = std::chrono::seconds(3);
  way.read = std::chrono::seconds(6);
  way.total = std::chrono::seconds(8);
  std::vector<Answer> answers(upstreams.size());
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> askers;
    for (std::size_t i = 0; i < std::min(kAtOnce, upstreams.size()); ++i) {
      askers.emplace_back([&] {
        for (std::size_t at = next++; at < upstreams.size(); at = next++) {
          answers[at] = ask(upstreams[at], way, context.clock);
        }
      });
    }
  }
  return answers;
}

/// As calls have found it.
HealthCheck remembered(const domain::UpstreamView& view) {
  const std::string name = name_of(view.upstream);
  if (!view.secret_problem.empty()) {
    return domain::fault(
        name, "its secret can't be read: " + view.secret_problem, "an admin can give it another");
  }
  const std::string remedy = "nufi upstreams test " + view.upstream.name;
  if (view.health == "ok") return domain::healthy(name, "the last calls worked");
  if (view.health.starts_with("failing")) return domain::fault(name, view.health, remedy);
  if (view.health.starts_with("busy")) return domain::warning(name, view.health, remedy);
  return domain::skipped(name, "it was not asked, and no call has been there yet");
}

}  // namespace

void examine_upstreams(const Context& context,
                       const Actor& actor,
                       bool by_asking,
                       Findings& findings) {
  const auto upstreams = context.publisher.upstreams();
  if (upstreams.empty()) {
    findings.push_back(domain::warning(
        "upstreams.list", "there is none yet", "nufi upstreams add openai --preset openai"));
    return;
  }
  if (!by_asking) {
    for (const auto& view : list_upstreams(context, actor)) findings.push_back(remembered(view));
    return;
  }
  for (Answer& answer : ask_all(context, upstreams)) {
    findings.push_back(std::move(answer.health));
    if (answer.skew) findings.push_back(std::move(*answer.skew));
  }
}

}  // namespace nufi::service
