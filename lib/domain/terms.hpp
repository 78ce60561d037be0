#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/upstream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a person asks to be made or changed: one struct for create and edit of each subject, shared
/// by the command line, the management API and the use cases.
namespace nufi::domain {

/// One field of a wish: leave it, clear it (`none`, JSON null), or set it.
template <class T>
class Change {
 public:
  Change() = default;
  static Change clear() {
    Change change;
    change.kind_ = Kind::clear;
    return change;
  }
  static Change set(T value) {
    Change change;
    change.kind_ = Kind::set;
    change.value_ = std::move(value);
    return change;
  }
  [[nodiscard]] bool keeps() const { return kind_ == Kind::keep; }
  [[nodiscard]] bool clears() const { return kind_ == Kind::clear; }
  [[nodiscard]] bool sets() const { return kind_ == Kind::set; }
  /// Only when sets().
  [[nodiscard]] const T& value() const { return value_; }

  /// Applies it to a field that may be absent.
  void apply_to(std::optional<T>& field) const {
    if (clears()) field.reset();
    if (sets()) field = value_;
  }
  /// Applies it to a field whose cleared state is its default value.
  void apply_to(T& field) const {
    if (clears()) field = T{};
    if (sets()) field = value_;
  }

 private:
  enum class Kind { keep, clear, set };
  Kind kind_ = Kind::keep;
  T value_{};
};

/// PRODUCT §4: the options of `keys create` and `keys edit`.
struct KeyTerms {
  Change<std::string> name;
  Change<std::string> project;  ///< name or id
  Change<std::string> group;    ///< name or id
  Change<Money> budget;
  Change<Period> budget_period;
  Change<std::int64_t> token_limit;
  Change<Period> token_limit_period;
  Change<std::int64_t> rpm;
  Change<std::int64_t> tpm;
  Change<std::int64_t> max_parallel;
  Change<std::vector<std::string>> allowed_models;
  Change<std::vector<std::string>> allowed_ips;
  Change<Timestamp> expires_at;
  Change<Enforce> enforce;
  Change<bool> trace;              ///< of all its calls
  Change<bool> trace_errors_only;  ///< with `trace`: only of calls that fail
  bool reset_spend = false;        ///< edit only: what the windows have spent is forgiven
  /// Create only. Name, id or prefix of an id of a key whose limits hold as well; project and group
  /// are its, unless they are named.
  Change<std::string> parent;
  Change<std::int64_t> lease_seconds;  ///< create only: how long the key lives without a renewal
};

/// `projects create` and `projects edit`.
struct ProjectTerms {
  Change<std::string> name;
  Change<Money> budget;
  Change<Period> budget_period;
  Change<std::int64_t> token_limit;
  Change<Period> token_limit_period;
  Change<std::vector<std::string>> allowed_models;
  bool reset_spend = false;  ///< edit only
};

/// `groups create` and `groups edit`.
struct GroupTerms {
  Change<std::string> name;
  Change<Multiplier> multiplier;
  Change<std::vector<std::string>> allowed_models;
  Change<std::int64_t> rpm;
  Change<std::int64_t> tpm;
  Change<std::int64_t> max_parallel;
  Change<std::vector<std::string>> upstreams;  ///< names
};

struct AccountTerms {
  Change<std::string> display_name;
  Change<std::string> email;
  Change<Money> budget;
  Change<Period> budget_period;
  Change<std::int64_t> token_limit;
  Change<Period> token_limit_period;
  bool reset_spend = false;  ///< edit only
};

/// §8. `secret_text` is only ever carried in a request body over the socket.
struct UpstreamTerms {
  Change<std::string> name;
  Change<std::string> url;
  Change<std::string> preset;
  Change<SecretKind> secret_kind;
  Change<std::string> secret_reference;  ///< env, file, command
  Change<Secret> secret_text;            ///< stored
  Change<std::vector<std::string>> models;
  Change<std::vector<std::pair<std::string, std::string>>> aliases;
  Change<std::vector<std::pair<std::string, std::string>>> headers;
  Change<std::vector<std::string>> groups;
  Change<std::int64_t> priority;
  Change<std::int64_t> weight;
  Change<bool> free;
  Change<std::int64_t> max_connections;
  Change<std::string> ca_file;
};

/// `prices set`: a whole price, never a partial one.
struct PriceTerms {
  bool free = false;
  Rates rates;
  std::vector<ContextTier> tiers;
  Money per_request;
  Money per_image;
  Money per_second;
  Money per_character;
  std::optional<std::int64_t> max_output;
};

}  // namespace nufi::domain
