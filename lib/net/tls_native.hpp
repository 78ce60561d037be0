#pragma once

#include "lib/net/tls.hpp"

#include <boost/asio/ssl/context.hpp>

namespace nufi::net {

struct TlsContext::Native {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_client};
};

}  // namespace nufi::net
