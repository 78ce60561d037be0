#pragma once

#include "lib/domain/world.hpp"
#include "lib/service/probe_client.hpp"

#include <string>
#include <string_view>
#include <vector>

/// What a reply to a probe means for a person, and what to do about it. Pure values.
namespace nufi::service {

/// What failed, in one line without the secret, and the remedy ("" = none known).
struct Diagnosis {
  std::string detail;
  std::string hint;
};

/// `reply` is no good answer of `upstream`.
Diagnosis diagnose(const domain::ReadyUpstream& upstream, const ProbeReply& reply);

/// As diagnose(), of a call of `model`, when the upstream lists `listed`.
Diagnosis diagnose_call(const domain::ReadyUpstream& upstream,
                        const ProbeReply& reply,
                        std::string_view model,
                        const std::vector<std::string>& listed);

/// "m-1, m-2": the first few of `listed`, and how many more there are.
std::string first_of(const domain::ReadyUpstream& upstream, const std::vector<std::string>& listed);

/// True if the reply says that the model is not there.
bool says_no_such_model(const ProbeReply& reply, std::string_view model);

/// `text` as one line of at most 200 bytes of UTF-8 that can move no cursor, with what is secret of
/// `upstream` (its secret, the values of its headers) taken out.
std::string shown(const domain::ReadyUpstream& upstream, std::string_view text);

}  // namespace nufi::service
