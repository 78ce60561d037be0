#include "lib/net/tls.hpp"

#include "lib/base/error.hpp"
#include "lib/base/regular_file.hpp"
#include "lib/net/tls_native.hpp"

#include <openssl/ssl.h>

namespace nufi::net {

TlsContext::TlsContext(const std::string& ca_file) : native_(std::make_unique<Native>()) {
  auto& context = native_->context;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(boost::asio::ssl::verify_peer);
  boost::system::error_code error;
  context.set_default_verify_paths(error);
  if (ca_file.empty()) return;
  const bool is_file = can_read_file(ca_file);
  if (is_file) context.load_verify_file(ca_file, error);
  if (!is_file || error) {
    throw Error(Errc::invalid,
                "can't read certificates from " + ca_file,
                "give a PEM file with the roots to trust");
  }
}

TlsContext::~TlsContext() = default;

}  // namespace nufi::net
