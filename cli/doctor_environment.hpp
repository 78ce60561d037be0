#pragma once

#include "cli/config.hpp"
#include "lib/domain/health.hpp"

#include <string>
#include <vector>

namespace nufi::cli {

/// Which variables make programs started from here call a provider past nufid: a provider's own
/// secret, or a base URL that leads elsewhere than `inference_url` ("http://127.0.0.1:6834/v1").
/// Names them; never a value of a secret.
std::vector<domain::HealthCheck> examine_environment(const Environment& environment,
                                                     const std::string& inference_url);

}  // namespace nufi::cli
