// traces.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

constexpr const char* kSlow =
    R"({"id":"req_00000000001","time":"2026-08-15T11:57:00Z","account":"ana","key":"key_1",)"
    R"("key_name":"laptop","endpoint":"chat/completions","model":"gpt-4o","upstream":"openai",)"
    R"("status":"ok","http_status":200,"error_code":null,"cost_usd":0.00125,"total_ms":9125.5,)"
    R"("upstream_model":"gpt-4o-2024-08-06","stream":true,"error":null,)"
    R"("tokens":{"input":1200,"cached_input":100,"output":350},"cost_basis":"exact",)"
    R"j("changes":["model sent as gpt-4o-2024-08-06","usage asked for (stream_options)"],)j"
    R"("attempts":[{"upstream":"groq","model":"gpt-4o","result":"http_503","http_status":503,)"
    R"("problem":null,"start_ms":1850,"ms":300},{"upstream":"near","model":"gpt-4o",)"
    R"("result":"connect_failed","http_status":null,"problem":"connection refused","start_ms":2150,)"
    R"("ms":0.5},{"upstream":"openai","model":"gpt-4o-2024-08-06","result":"ok","http_status":200,)"
    R"("problem":null,"start_ms":2151,"ms":4500}],)"
    R"("spans":[{"name":"body","upstream":null,"start_ms":0,"ms":0.2},)"
    R"({"name":"hold","upstream":null,"start_ms":0.5,"ms":1849},)"
    R"({"name":"upstream","upstream":"groq","start_ms":1850,"ms":300},)"
    R"({"name":"lookup","upstream":"openai","start_ms":2151,"ms":40},)"
    R"({"name":"connect","upstream":"openai","start_ms":2191,"ms":30},)"
    R"({"name":"tls","upstream":"openai","start_ms":2221,"ms":60},)"
    R"({"name":"upstream","upstream":"openai","start_ms":2281,"ms":4370},)"
    R"({"name":"reply","upstream":"openai","start_ms":6651,"ms":2470},)"
    R"({"name":"settle","upstream":null,"start_ms":9121,"ms":4}],)"
    R"("client_blocked_ms":0,"slowest":[],"incomplete":false,)"
    R"("request":{"content_type":"application/json","bytes":8,"cut":false,"text":"a prompt"},)"
    R"("reply":{"content_type":"text/event-stream","bytes":14,"cut":false,"text":"data: [DONE]\n\n"},)"
    R"("prompt":[{"role":"system","text":"You are brief."},{"role":"user",)"
    R"("text":"Tell me of the heron, which stands in the reeds for hours and hours without so much as a step.\nThen of the 鷺."}],)"
    R"("answer":"Herons stand.\n\nThey wait\u001b[31m.","tool_calls":[{"name":"look_up","arguments":"heron"}]})";

constexpr const char* kRefused =
    R"({"id":"req_4fT0aQ8xZ1BcDeFg","time":"2026-08-15T11:59:00Z","account":"ana","key":"key_1",)"
    R"("key_name":"laptop","endpoint":"audio/transcriptions","model":"whisper-1","upstream":null,)"
    R"("status":"client_error","http_status":429,"error_code":"insufficient_quota","cost_usd":0,)"
    R"("total_ms":2003,"upstream_model":null,"stream":false,)"
    R"("error":"Budget reached: key 'laptop' has used $4.99 of its $5 budget","tokens":{},)"
    R"("cost_basis":"none","changes":[],"attempts":[],)"
    R"("spans":[{"name":"body","upstream":null,"start_ms":0,"ms":2},)"
    R"({"name":"hold","upstream":null,"start_ms":2,"ms":2001}],"client_blocked_ms":0,"slowest":[],)"
    R"("incomplete":true,"request":{"content_type":"multipart/form-data; boundary=x","bytes":2000000,)"
    R"("cut":true,"base64":"UklGRg=="},"reply":{"content_type":null,"bytes":0,"cut":false,"text":""},)"
    R"("prompt":[],"answer":null,"tool_calls":[]})";

std::string head(const std::string& fields) {
  auto json = api::Json::parse(kSlow);
  json.update(api::Json::parse(fields));
  return api::to_text(api::to_json(api::trace_head_from_json(json)));
}

std::string mode(const char* mode, const char* key) {
  return api::to_text({{"mode", mode},
                       {"key", *key == '\0' ? api::Json(nullptr) : api::Json(key)},
                       {"file", "/home/ana/.local/share/nufi/traces.db"},
                       {"days", 7},
                       {"most_bytes", std::int64_t{1} << 30},
                       {"bytes", 0},
                       {"dropped", 0},
                       {"problem", nullptr}});
}

Scene mode_scene(const char* word, const char* key = "") {
  std::vector<std::string> words{"traces", word};
  if (*key != '\0') words.insert(words.end(), {"--key", key});
  return {
      .name = std::string("traces_") + word,
      .words = std::move(words),
      .prepare = [=](Console& console) { console.answers("PUT /v1/traces/mode", mode(word, key)); },
      .readers = Scene::Readers::action};
}

}  // namespace

std::vector<Scene> traces_scenes() {
  return {
      {.name = "traces_show",
       .words = {"traces", "show", "req_00000000001"},
       .prepare =
           [](Console& console) { console.answers("GET /v1/traces/req_00000000001", kSlow); },
       .colour = true},
      {.name = "traces_show_refused",
       .words = {"traces", "show", "req_4f"},
       .prepare = [](Console& console) { console.answers("GET /v1/traces/req_4f", kRefused); }},
      {.name = "traces_list",
       .words = {"traces", "list"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/traces?last=50",
                 list_json({head("{}"),
                            head(R"({"id":"req_4fT0aQ8xZ1BcDeFg","status":"client_gone",)"
                                 R"("key_name":"nightly-batch","cost_usd":12.5,"total_ms":61000,)"
                                 R"("model":"meta-llama/Meta-Llama-3.1-405B-Instruct"})")}));
             console.answers("GET /v1/traces/mode", mode("on", ""));
           },
       .colour = true},
      {.name = "traces_list_none",
       .words = {"traces", "list"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/traces?last=50", list_json({}));
             console.answers("GET /v1/traces/mode", mode("off", ""));
           },
       .readers = Scene::Readers::text},
      mode_scene("on", "laptop"),
      mode_scene("errors"),
      mode_scene("off"),
      {.name = "traces_delete",
       .words = {"traces", "delete", "req_00", "--yes"},
       .prepare =
           [](Console& console) {
             console.answers("DELETE /v1/traces/req_00", R"({"id":"req_00000000001"})");
           },
       .readers = Scene::Readers::action}};
}

}  // namespace nufi::test
