/*
 * What a BI tool learns over JDBC before it shows anything: tables, remarks,
 * columns, keys.  Then a row count, and whether writing is refused.
 *
 *   java -cp postgresql.jar Probe.java URL
 */
import java.sql.*;

public class Probe {
	public static void main(String[] args) throws SQLException {
		Connection c = DriverManager.getConnection(args[0]);
		DatabaseMetaData m = c.getMetaData();
		for (ResultSet t = m.getTables(null, "estate", "%", new String[] {"TABLE", "VIEW"}); t.next(); ) {
			String name = t.getString("TABLE_NAME");
			System.out.println("table|" + name + "|" + t.getString("TABLE_TYPE") + "|" + t.getString("REMARKS"));
			for (ResultSet a = m.getColumns(null, "estate", name, "%"); a.next(); )
				System.out.println("column|" + name + "|" + a.getString("COLUMN_NAME") + "|" + a.getString("TYPE_NAME") + "|"
					+ a.getInt("COLUMN_SIZE") + "|" + a.getInt("DECIMAL_DIGITS") + "|" + a.getString("REMARKS"));
			for (ResultSet k = m.getPrimaryKeys(null, "estate", name); k.next(); )
				System.out.println("primary|" + name + "|" + k.getInt("KEY_SEQ") + "|" + k.getString("COLUMN_NAME"));
			for (ResultSet k = m.getImportedKeys(null, "estate", name); k.next(); )
				System.out.println("foreign|" + name + "|" + k.getString("FKCOLUMN_NAME") + "|" + k.getString("PKTABLE_NAME"));
		}
		ResultSet r = c.createStatement().executeQuery("SELECT count(*), max(estimate), max(scored_at) FROM estate.scored_listing");
		r.next();
		System.out.println("rows|" + r.getLong(1) + "|" + r.getBigDecimal(2) + "|" + (r.getTimestamp(3) != null));
		try {
			c.createStatement().executeUpdate("UPDATE estate.listing SET list_price = 1");
			System.out.println("write|allowed");
		} catch (SQLException e) {
			System.out.println("write|" + e.getSQLState());
		}
	}
}
