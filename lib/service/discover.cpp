#include "lib/service/discover.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/probe_remedy.hpp"
#include "lib/service/upstream_terms.hpp"
#include "lib/service/upstreams.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <thread>

namespace nufi::service {
namespace {

using domain::Change;
using domain::LocalServer;
using Get = std::function<ProbeReply(std::string_view path)>;

constexpr std::size_t kMostPorts = 16;
constexpr std::size_t kMostModels = 1'000;  ///< of one upstream
constexpr std::int64_t kLastPort = 65'535;

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// True if the server says that its models belong to `owner`.
bool is_owned_by(const ProbeReply& models, std::string_view owner) {
  const auto owners = string_fields(models.body, "owned_by");
  return std::find(owners.begin(), owners.end(), owner) != owners.end();
}

bool is_ollama(const Get& get) {
  const auto version = get("/api/version");
  if (version.status != 200 || string_fields(version.body, "version").empty()) return false;
  const auto tags = get("/api/tags");
  return tags.status == 200 && has(tags.body, "\"models\"");
}

/// By what LM Studio says of a model there and no list in OpenAI's form does: it answers 200 to
/// paths it does not know, and others answer every path that ends in /models.
bool is_lmstudio(const Get& get) {
  const auto models = get("/api/v0/models");
  return models.status == 200 && has(models.body, "\"data\"") &&
         !string_fields(models.body, "state").empty();
}

/// vLLM guards only what is below /v1.
bool is_guarded_vllm(const ProbeReply& models, const Get& get) {
  if (!has(models.server, "uvicorn")) return false;
  const auto version = get("/version");
  return version.status == 200 && !string_fields(version.body, "version").empty();
}

/// The names that an upstream can be given.
std::vector<std::string> usable(const std::vector<std::string>& listed) {
  std::vector<std::string> names;
  for (const std::string& name : listed) {
    const bool is_plain =
        !name.empty() && name == shown({}, name) && name.find_first_of(" *?") == std::string::npos;
    if (is_plain && names.size() < kMostModels) names.push_back(name);
  }
  return names;
}

std::string preset_of(const ProbeReply& models, const Get& get) {
  // First, as it answers some of Ollama's paths too.
  if (has(models.server, "llama.cpp") || is_owned_by(models, "llamacpp")) return "llamacpp";
  const bool is_guarded = models.status == 401 || models.status == 403;
  if (is_guarded) return is_guarded_vllm(models, get) ? "vllm" : "";
  if (models.status != 200 || !has(models.body, "\"data\"")) return "";
  if (is_owned_by(models, "vllm")) return "vllm";
  if (is_ollama(get)) return "ollama";
  if (is_owned_by(models, "organization_owner") || is_lmstudio(get)) return "lmstudio";
  return "";
}

domain::BaseUrl url_of(std::int64_t port) {
  return domain::BaseUrl::parse(fmt::format("http://127.0.0.1:{}/v1", port));
}

std::optional<LocalServer> look_at(std::int64_t port, const Clock& clock) {
  domain::ReadyUpstream nobody;
  nobody.upstream.url = url_of(port);
  nobody.upstream.url.path.clear();
  ProbeWay way;
  way.connect = std::chrono::milliseconds(500);
  way.read = std::chrono::milliseconds(2'000);
  way.total = std::chrono::milliseconds(5'000);
  ProbeClient client(nobody, way, clock);
  auto server = recognise_server([&](std::string_view path) { return client.get(path); });
  if (server) server->url = url_of(port).text();
  return server;
}

std::vector<std::int64_t> checked(const std::vector<std::int64_t>& ports) {
  std::vector<std::int64_t> all;
  for (const auto& preset : domain::presets()) {
    if (ports.empty() && !preset.needs_key) {
      all.push_back(domain::BaseUrl::parse(preset.url).port);
    }
  }
  for (const std::int64_t port : ports) {
    if (port < 1 || port > kLastPort) {
      throw Error(Errc::invalid, fmt::format("{} is no port", port), "it must be 1 to 65535");
    }
    if (std::find(all.begin(), all.end(), port) == all.end()) all.push_back(port);
  }
  if (all.size() > kMostPorts) {
    throw Error(Errc::invalid, fmt::format("at most {} ports at once", kMostPorts));
  }
  return all;
}

/// The upstream of `views` that goes to `port` of this machine, "" if there is none.
std::string upstream_at(const std::vector<domain::UpstreamView>& views, std::uint16_t port) {
  for (const auto& view : views) {
    const auto& url = view.upstream.url;
    if (url.port == port && is_on_this_machine(url)) return view.upstream.name;
  }
  return {};
}

void add_one(const Context& context,
             const Actor& actor,
             const std::vector<domain::UpstreamView>& views,
             LocalServer& server) {
  const auto is_taken = [&](const std::string& name) {
    return std::any_of(
        views.begin(), views.end(), [&](const auto& view) { return view.upstream.name == name; });
  };
  std::string name = server.preset;
  if (is_taken(name)) {
    name += fmt::format("-{}", domain::BaseUrl::parse(server.url).port);
  }
  domain::UpstreamTerms terms;
  terms.name = Change<std::string>::set(name);
  terms.preset = Change<std::string>::set(server.preset);
  terms.url = Change<std::string>::set(server.url);
  terms.free = Change<bool>::set(true);
  // By name, or it would be asked for what only other upstreams have.
  terms.models = Change<std::vector<std::string>>::set(server.models);
  server.upstream = add_upstream(context, actor, terms).upstream.name;
  server.added = true;
}

}  // namespace

std::optional<LocalServer> recognise_server(const Get& get) {
  const auto models = get("/v1/models");
  if (models.failure != NoReply::none) return std::nullopt;
  LocalServer server;
  server.preset = preset_of(models, get);
  server.needs_key = models.status == 401 || models.status == 403;
  if (models.status == 200) server.models = usable(string_fields(models.body, "id"));
  const bool is_like_openai =
      models.status == 200 && has(models.body, "\"data\"") && !server.models.empty();
  if (server.preset.empty() && !is_like_openai) return std::nullopt;
  return server;
}

std::vector<LocalServer> discover_upstreams(const Context& context,
                                            const Actor& actor,
                                            const std::vector<std::int64_t>& ports,
                                            bool add) {
  require_admin(actor, "look for servers");
  const auto all = checked(ports);
  std::vector<std::optional<LocalServer>> answers(all.size());
  {
    std::vector<std::jthread> lookers;
    for (std::size_t i = 0; i < all.size(); ++i) {
      lookers.emplace_back([&, i] { answers[i] = look_at(all[i], context.clock); });
    }
  }
  std::vector<LocalServer> servers;
  for (auto& answer : answers) {
    if (!answer) continue;
    const auto views = list_upstreams(context, actor);
    answer->upstream = upstream_at(views, domain::BaseUrl::parse(answer->url).port);
    const bool can_add = !answer->preset.empty() && !answer->models.empty() && !answer->needs_key &&
                         answer->upstream.empty();
    if (add && can_add) add_one(context, actor, views, *answer);
    servers.push_back(std::move(*answer));
  }
  return servers;
}

}  // namespace nufi::service
