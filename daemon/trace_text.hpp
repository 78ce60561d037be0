#pragma once

#include "lib/domain/trace.hpp"

#include <string>

namespace nufi::daemon {

/// What was said in a call, put together for people: the messages of its prompt, and the text of
/// its answer from a reply or from the events of a stream, in any of the dialects we speak. What is
/// not understood (a body that was cut, a form, sound) stays out: the bytes are shown as they are.
void read_conversation(domain::TraceView& view);

/// A reply that says what was read from the one that is not kept, for read_conversation() to read.
std::string retold(const domain::TraceView& view);

}  // namespace nufi::daemon
