# What every store must do; each backend's runner adds these sources and defines StoreUnderTest::make.
set(NUFI_STORE_CONTRACT
  ${CMAKE_CURRENT_LIST_DIR}/audit_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/corrections_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/examples.cpp
  ${CMAKE_CURRENT_LIST_DIR}/keys_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ledger_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/people_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/reports_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/settings_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/tokens_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/upstreams_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/usage_test.cpp
  ${CMAKE_CURRENT_LIST_DIR}/verify_test.cpp)
