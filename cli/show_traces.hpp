#pragma once

#include "cli/context.hpp"
#include "lib/domain/trace.hpp"

#include <string>
#include <vector>

/// How traces look.
namespace nufi::cli {

Listing list_of_traces(const std::vector<domain::TraceHead>& traces, Timestamp now);

/// "slow because 'openai' took 4.2s to its first byte", or what a quick call spent its time with.
std::string why_slow(const domain::Trace& trace);

/// One line for each thing the call did, as a bar from its start to its end on the time of the
/// whole call, at most `screen.width` columns.
std::vector<std::string> draw_waterfall(const domain::Trace& trace, const Screen& screen);

/// All of it for a person. Unless `full`, long texts are told by their beginning.
void print_trace(const Context& context, const domain::TraceView& view, bool full);

}  // namespace nufi::cli
