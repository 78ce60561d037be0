#include "lib/domain/usage.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace nufi::domain;

TEST_CASE("usage: prompt, completion and total add up the disjoint buckets") {
  Usage usage;
  std::int64_t next = 1;
  for (const Bucket bucket : kBuckets) {
    usage[bucket] = next;
    next *= 10;
  }
  CHECK(usage.prompt() == 11'111);
  CHECK(usage.completion() == 111'100'000);
  CHECK(usage.total() == 111'111'111);
}

TEST_CASE("usage: sums saturate") {
  Usage usage;
  for (const Bucket bucket : kBuckets) usage[bucket] = INT64_MAX;
  CHECK(usage.prompt() == INT64_MAX);
  CHECK(usage.completion() == INT64_MAX);
  CHECK(usage.total() == INT64_MAX);
}

TEST_CASE("usage: every bucket has a name of its own") {
  std::set<std::string_view> names;
  for (const Bucket bucket : kBuckets) names.insert(bucket_name(bucket));
  CHECK(names.size() == kBucketCount);
  CHECK(bucket_name(Bucket::cached_input) == "cached_input");
}
