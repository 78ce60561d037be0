#pragma once

#include "lib/domain/terms.hpp"
#include "lib/domain/upstream.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/names.hpp"
#include "lib/service/vault.hpp"

#include <string>

namespace nufi::service {

/// Applies a wish to an upstream that has its id; a stored secret is sealed with `vault`. Throws
/// Error{invalid} naming the field and what it may hold; `upstream` is then half changed and must
/// be thrown away.
void apply(const domain::UpstreamTerms& terms,
           const Names& names,
           const Vault& vault,
           domain::Upstream& upstream);

/// True if `url` leads to this machine itself: a loopback name or address.
bool is_on_this_machine(const domain::BaseUrl& url);

/// "env OPENAI_API_KEY", "file /run/secrets/key", "command pass show openai", "stored", "none".
std::string describe(const domain::SecretSource& source);

/// What the audit log is told of an upstream: of its secret and its headers' values, that they
/// changed.
Facts facts_of(const domain::Upstream& upstream);

}  // namespace nufi::service
