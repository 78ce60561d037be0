#include "lib/service/actor.hpp"

#include "lib/base/error.hpp"

namespace nufi::service {

void require_admin(const Actor& actor, std::string_view what) {
  if (actor.is_admin()) return;
  throw Error(
      Errc::not_permitted, "only an admin may " + std::string(what), "ask the owner of this nufid");
}

void require_socket(const Actor& actor, std::string_view what) {
  if (actor.via.empty()) return;
  throw Error(Errc::not_permitted,
              "only nufi on the machine of nufid may " + std::string(what),
              "run it there: it talks over the unix socket");
}

}  // namespace nufi::service
