#pragma once

#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"
#include "lib/service/probe_client.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

/// Model servers on this machine (PRODUCT §8): Ollama, llama-server, LM Studio, vLLM.
namespace nufi::service {

/// Which server answers, by what only it says, whatever its port: preset, models and needs_key of
/// it. One that speaks OpenAI's form and is none of them has no preset; std::nullopt for everything
/// else. `get` asks for a path.
std::optional<domain::LocalServer> recognise_server(
    const std::function<ProbeReply(std::string_view path)>& get);

/// What answers on `ports` of 127.0.0.1 (empty: where those servers listen by themselves), in their
/// order, with the upstreams that go there already. With `add` each that is known, has models,
/// wants no secret and has no upstream gets one: named after its preset (with its port behind,
/// where that name is taken), free, for the models it has now. For admins: Error{not_permitted}.
/// Throws Error{invalid} for a port that is none or more than 16 of them. Blocks a few seconds.
std::vector<domain::LocalServer> discover_upstreams(const Context& context,
                                                    const Actor& actor,
                                                    const std::vector<std::int64_t>& ports,
                                                    bool add);

}  // namespace nufi::service
