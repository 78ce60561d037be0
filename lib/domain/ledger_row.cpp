#include "lib/domain/ledger_row.hpp"

namespace nufi::domain {

std::string_view row_status_name(RowStatus status) noexcept {
  switch (status) {
    case RowStatus::running:
      return "running";
    case RowStatus::ok:
      return "ok";
    case RowStatus::client_error:
      return "client_error";
    case RowStatus::upstream_error:
      return "upstream_error";
    case RowStatus::client_gone:
      return "client_gone";
    case RowStatus::cut:
      return "cut";
    case RowStatus::interrupted:
      return "interrupted";
  }
  return "";
}

std::optional<RowStatus> row_status_from_name(std::string_view name) noexcept {
  for (const RowStatus status : {RowStatus::running,
                                 RowStatus::ok,
                                 RowStatus::client_error,
                                 RowStatus::upstream_error,
                                 RowStatus::client_gone,
                                 RowStatus::cut,
                                 RowStatus::interrupted}) {
    if (row_status_name(status) == name) return status;
  }
  return std::nullopt;
}

std::string_view cost_basis_name(CostBasis basis) noexcept {
  switch (basis) {
    case CostBasis::exact:
      return "exact";
    case CostBasis::estimated:
      return "estimated";
    case CostBasis::held:
      return "held";
    case CostBasis::none:
      return "none";
  }
  return "";
}

std::optional<CostBasis> cost_basis_from_name(std::string_view name) noexcept {
  for (const CostBasis basis :
       {CostBasis::exact, CostBasis::estimated, CostBasis::held, CostBasis::none}) {
    if (cost_basis_name(basis) == name) return basis;
  }
  return std::nullopt;
}

}  // namespace nufi::domain
