#include "lib/store/sqlite/requests.hpp"

#include "lib/store/sqlite/values.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <limits>

namespace nufi::store::sqlite {
namespace {

constexpr std::int64_t kIdsPerMillisecond = std::int64_t{1} << 20;
constexpr int kLastTier = static_cast<int>(domain::ServiceTier::batch);

/// The words of an enum as texts that live for ever, so that binding one copies nothing.
template <std::size_t count, class Name>
std::array<std::string, count> words_of(Name name) {
  std::array<std::string, count> words;
  for (std::size_t i = 0; i < count; ++i) words[i] = name(i);
  return words;
}

const std::string& word_of(domain::RowStatus status) {
  constexpr auto kCount = static_cast<std::size_t>(domain::RowStatus::interrupted) + 1;
  static const auto words = words_of<kCount>(
      [](std::size_t i) { return domain::row_status_name(static_cast<domain::RowStatus>(i)); });
  return words.at(static_cast<std::size_t>(status));
}

const std::string& word_of(domain::CostBasis basis) {
  constexpr auto kCount = static_cast<std::size_t>(domain::CostBasis::none) + 1;
  static const auto words = words_of<kCount>(
      [](std::size_t i) { return domain::cost_basis_name(static_cast<domain::CostBasis>(i)); });
  return words.at(static_cast<std::size_t>(basis));
}

std::string text_of(const std::vector<domain::Attempt>& tried) {
  auto list = nlohmann::json::array();
  for (const auto& attempt : tried) {
    list.push_back({{"upstream", attempt.upstream},
                    {"result", attempt.result},
                    {"http_status", attempt.http_status},
                    {"total_us", attempt.total_us}});
  }
  return list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<domain::Attempt> tried_from(const std::string& text) {
  std::vector<domain::Attempt> tried;
  const auto list = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!list.is_array()) refuse_word("list of attempts", text);
  for (const auto& item : list) {
    domain::Attempt attempt;
    attempt.upstream = item.value("upstream", "");
    attempt.result = item.value("result", "");
    attempt.http_status = item.value("http_status", 0);
    attempt.total_us = item.value("total_us", std::int64_t{-1});
    tried.push_back(std::move(attempt));
  }
  return tried;
}

}  // namespace

const std::string& request_columns() {
  static const std::string columns = [] {
    std::string text =
        "id, time, account_id, project_id, key_id, key_name, group_name, endpoint, model, "
        "upstream, upstream_model, stream, status, http_status, error_code, ";
    for (auto bucket : domain::kBuckets) {
      text += "tokens_" + std::string(domain::bucket_name(bucket)) + ", ";
    }
    return text +
           "held, held_tokens, cost, upstream_cost, upstream_reported_cost, cost_basis, price_id, "
           "attempts, bound_broken, hold_us, connect_us, first_byte_us, total_us, client_ip, "
           "user_agent, usage_basis, service_tier, multiplier, images, audio_ms, characters, "
           "tried, parent_key_id";
  }();
  return columns;
}

void add_row(Query& query, const domain::LedgerRow& row) {
  query.add(row.id.value)
      .add(row.time)
      .add(row.account)
      .add(row.project)
      .add(row.key)
      .add(row.key_name)
      .add(row.group)
      .add(row.endpoint)
      .add(row.model)
      .add(row.upstream)
      .add(row.upstream_model)
      .add(row.stream)
      .add(word_of(row.status))
      .add(row.http_status)
      .add(row.error_code);
  for (auto bucket : domain::kBuckets) query.add(row.usage[bucket]);
  query.add(row.held)
      .add(row.held_tokens)
      .add(row.cost)
      .add(row.upstream_cost)
      .add(row.upstream_reported_cost)
      .add(word_of(row.basis))
      .add(row.price_id)
      .add(row.attempts)
      .add(row.bound_broken)
      .add(row.hold_us)
      .add(row.connect_us)
      .add(row.first_byte_us)
      .add(row.total_us)
      .add(row.client_ip)
      .add(row.user_agent)
      .add(word_of(row.usage_basis))
      .add(static_cast<int>(row.tier))
      .add(row.multiplier)
      .add(row.usage.images)
      .add(row.usage.audio_ms)
      .add(row.usage.characters);
  if (row.tried.empty()) {
    query.add_null();
  } else {
    query.add(text_of(row.tried));
  }
  if (row.parent.empty()) {
    query.add_null();
  } else {
    query.add(row.parent);
  }
}

domain::LedgerRow read_row(Query& query) {
  domain::LedgerRow row;
  row.id.value = query.integer();
  row.time = query.time();
  row.account = domain::AccountId(query.text());
  row.project = domain::ProjectId(query.text());
  row.key = domain::KeyId(query.text());
  row.key_name = query.text();
  row.group = query.text();
  row.endpoint = query.text();
  row.model = query.text();
  row.upstream = query.text();
  row.upstream_model = query.text();
  row.stream = query.flag();
  const auto status = query.text();
  row.status = known(domain::row_status_from_name(status), "status", status);
  row.http_status = query.small();
  row.error_code = query.text();
  for (auto bucket : domain::kBuckets) row.usage[bucket] = query.integer();
  row.held = query.money();
  row.held_tokens = query.integer();
  row.cost = query.money();
  row.upstream_cost = query.money();
  row.upstream_reported_cost = query.maybe_money();
  const auto basis = query.text();
  row.basis = known(domain::cost_basis_from_name(basis), "basis of a cost", basis);
  row.price_id = query.text();
  row.attempts = query.small();
  row.bound_broken = query.flag();
  row.hold_us = query.integer();
  row.connect_us = query.integer();
  row.first_byte_us = query.integer();
  row.total_us = query.integer();
  row.client_ip = query.text();
  row.user_agent = query.text();
  const auto usage_basis = query.text();
  row.usage_basis =
      known(domain::cost_basis_from_name(usage_basis), "basis of a usage", usage_basis);
  row.tier = static_cast<domain::ServiceTier>(std::clamp(query.small(), 0, kLastTier));
  row.multiplier = query.integer();
  row.usage.images = query.integer();
  row.usage.audio_ms = query.integer();
  row.usage.characters = query.integer();
  if (const auto tried = query.maybe_text()) row.tried = tried_from(*tried);
  row.parent = domain::KeyId(query.maybe_text().value_or(""));
  return row;
}

Timestamp rows_kept_from(Connection& connection) {
  Query row(connection.prepared("SELECT value FROM meta WHERE name = 'rows_kept_from'"));
  return row.step() ? row.time() : Timestamp{};
}

std::int64_t first_id_at(Timestamp time) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max() / kIdsPerMillisecond;
  const std::int64_t milliseconds = time.time_since_epoch().count();
  return std::clamp<std::int64_t>(milliseconds, 0, kMost) * kIdsPerMillisecond;
}

}  // namespace nufi::store::sqlite
