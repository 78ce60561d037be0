#pragma once

#include "lib/domain/key.hpp"
#include "lib/domain/terms.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/names.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nufi::service {

/// Applies a wish to a key: everything but project and group, which are names of other things.
/// Throws Error{invalid} naming the field and what it may hold; `key` is then half changed and must
/// be thrown away. `now` is the moment that an expiry has to be after.
void apply(const domain::KeyTerms& terms, Timestamp now, domain::Key& key);

/// Throws Error{invalid} unless each entry can be a model name or a glob of them. `field` names the
/// list in the message.
void check_models(const std::vector<std::string>& models, std::string_view field);

/// What can be changed of a key, for the audit log.
Facts facts_of(const domain::Key& key, const Names& names);
AuditSubject subject_of(const domain::Key& key);

}  // namespace nufi::service
