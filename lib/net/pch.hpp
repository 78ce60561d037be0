#pragma once

// What every file of this room includes and is slow to read.
#include "lib/net/asio.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/http/basic_parser.hpp>
