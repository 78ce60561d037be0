#pragma once

#include "cli/context.hpp"
#include "lib/domain/terms.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace nufi::cli {

/// The key of one run. It lives on a lease that has to be renewed, so that it ends with us however
/// we end; and it ends with this object at the latest, if nufid answers.
class RunKey {
 public:
  /// How long the key outlives us when we are killed.
  static constexpr std::chrono::seconds kLease{30};

  /// Mints it. `terms` has no name when one is to be made up after `program`. `project` "" is that
  /// of the parent, else the default one.
  RunKey(Context& context, domain::KeyTerms terms, std::string project, const std::string& program);
  ~RunKey();
  RunKey(const RunKey&) = delete;
  RunKey& operator=(const RunKey&) = delete;

  [[nodiscard]] const domain::KeyView& view() const { return view_; }
  [[nodiscard]] const std::string& id() const { return view_.key.id.text(); }

  /// Renews the lease; when to do it again, 0 = never: the key has ended, which it says once.
  std::chrono::milliseconds renew();
  /// As long as a lease can be: nobody renews it while we are stopped.
  void renew_for_long();
  /// Ends the key. False if nufid could not do it within a few seconds; gives up at once when
  /// `hurry` says so.
  bool revoke(const std::function<bool()>& hurry);

  /// What asks nufid, and waits no longer than a run may hang for it.
  api::Client& client() { return client_; }

 private:
  Context& context_;
  api::Client client_;
  domain::KeyView view_;
  bool is_revoked_ = false;
};

/// `environment` with the variables that point clients to nufid: those of OpenAI's and Anthropic's
/// libraries; and the one that tells a `nufi run` in it that it is in one. `key` has its secret.
/// Nothing else changes.
std::vector<std::string> environment_for(std::vector<std::string> environment,
                                         const std::string& inference_url,
                                         const domain::KeyView& key);

}  // namespace nufi::cli
