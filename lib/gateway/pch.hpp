#pragma once

// What every file of this room includes and is slow to read.
#include "lib/net/awaitable.hpp"

#include <fmt/format.h>
