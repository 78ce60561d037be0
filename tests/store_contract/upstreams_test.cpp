#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {

using namespace examples;

TEST_CASE("upstreams: one comes back as it was put in, its sealed secret byte for byte") {
  auto under_test = StoreUnderTest::make();
  const auto in = upstream("up_1", "openai");

  under_test->store().upstreams().insert(in, audit("upstream.create"));
  under_test->reopen();
  const auto list = under_test->store().upstreams().list();

  REQUIRE(list.size() == 1);
  const auto& out = list[0];
  CHECK(out.id == in.id);
  CHECK(out.name == in.name);
  CHECK(out.url.text() == in.url.text());
  CHECK(out.provider == in.provider);
  CHECK(out.secret.kind == in.secret.kind);
  CHECK(out.secret.reference == in.secret.reference);
  CHECK(out.models == in.models);
  CHECK(out.aliases == in.aliases);
  CHECK(out.headers == in.headers);
  CHECK(out.groups == in.groups);
  CHECK(out.priority == in.priority);
  CHECK(out.weight == in.weight);
  CHECK(out.free == in.free);
  CHECK(out.max_connections == in.max_connections);
  CHECK(out.ca_file == in.ca_file);
  CHECK(out.created_at == in.created_at);
}

TEST_CASE("upstreams: names are unique, the list is by name, what is removed is gone") {
  auto under_test = StoreUnderTest::make();
  auto& upstreams = under_test->store().upstreams();
  auto without_secret = upstream("up_1", "zeta");
  without_secret.secret = {};
  upstreams.insert(without_secret, audit("u"));
  upstreams.insert(upstream("up_2", "alpha"), audit("u"));

  CHECK(upstreams.list()[0].name == "alpha");
  CHECK(upstreams.list()[1].secret.reference.empty());
  CHECK(error_of([&] { upstreams.insert(upstream("up_3", "zeta"), audit("u")); }) ==
        "conflict: an upstream named 'zeta' already exists");
  CHECK(error_of([&] { upstreams.update(upstream("up_2", "zeta"), audit("u")); }) ==
        "conflict: an upstream named 'zeta' already exists");
  upstreams.update(upstream("up_2", "beta"), audit("u"));
  upstreams.remove(domain::UpstreamId("up_1"), audit("upstream.remove"));
  CHECK(upstreams.list().size() == 1);
  CHECK(upstreams.list()[0].name == "beta");
  CHECK(error_of([&] { upstreams.remove(domain::UpstreamId("up_1"), audit("u")); }) ==
        "not_found: no upstream has the id up_1");
  CHECK(error_of([&] { upstreams.update(upstream("up_1", "x"), audit("u")); }) ==
        "not_found: no upstream has the id up_1");
}

}  // namespace nufi::store
