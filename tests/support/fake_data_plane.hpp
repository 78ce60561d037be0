#pragma once

#include "lib/service/data_plane.hpp"

#include <map>
#include <string>
#include <vector>

namespace nufi::test {

/// Remembers what was published last; every upstream is in `health`.
class FakeDataPlane final : public service::DataPlane {
 public:
  void publish_keys(const std::vector<domain::Key>& published) override {
    for (const domain::Key& key : published) keys.insert_or_assign(key.id, key);
  }
  void remove_key(const domain::Key& key) override {
    keys.erase(key.id);
    removed.push_back(key.id);
  }
  [[nodiscard]] domain::CheckView check(const domain::Key&,
                                        const domain::Call& asked) const override {
    domain::CheckView view = verdict;
    view.ask_tokens = asked.prompt_bound;
    return view;
  }
  void publish_world(domain::World published) override {
    world = std::move(published);
    ++worlds;
  }
  void upstream_answered(const domain::UpstreamId& id) override { answered.push_back(id); }
  [[nodiscard]] std::string upstream_health(const domain::UpstreamId&) const override {
    return health;
  }
  [[nodiscard]] bool is_draining() const override { return draining; }

  std::map<domain::KeyId, domain::Key> keys;
  std::vector<domain::KeyId> removed;
  domain::CheckView verdict;  ///< of every check
  domain::World world;
  int worlds = 0;  ///< how many were published
  std::string health = "unknown";
  bool draining = false;
  std::vector<domain::UpstreamId> answered;
};

}  // namespace nufi::test
